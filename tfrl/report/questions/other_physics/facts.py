"""What is lost under variations that were not trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import benchmarks, generalization, overfitting, sign_test
from tfrl.analysis.overfitting import HELD_OUT, IDLE
from tfrl.report.domain import Domain, outcome
from tfrl.report.measured import Measured, Unit
from tfrl.report.pairs import Pair, pairs
from tfrl.report.style import Looks


@dataclass(frozen=True)
class Drop:
    """What one agent loses on a variation by having been trained on another."""

    name: str
    environment: str
    trained: str
    tested: str
    verdict: str  # "gap", "reverse", "none", "inconclusive", or "idle"
    drop: Measured
    plain: Measured  # the score where it was trained minus the score here
    seeds: int
    runs: int


@dataclass(frozen=True)
class Cell:
    """What an agent scores, trained on one variation and tested on another."""

    name: str
    environment: str
    tested: str
    mean: Measured


@dataclass(frozen=True)
class Constant:
    """What a constant of the physics is drawn from, by variation."""

    name: str
    ranges: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts:
    """All about variations."""

    outcome: str  # "gap", "none", "undecided", "too few", "idle", "plain" (none was trained there)
    trained: str  # label of what is asked about first
    tested: str
    first: tuple[Drop, ...]
    drops: tuple[Drop, ...]
    sure: int  # drops that are sure
    compared: int  # pairs of agents, by what they lose first
    losers: tuple[Pair, ...]  # those that differ for sure
    num_family: int
    least: int
    seeds: int  # that learned, at most
    planned: int
    noun: str
    policy: str
    episodes: int
    success: float | None  # the return from which on an episode succeeds
    id: str
    constants: tuple[Constant, ...]
    floors: tuple[tuple[str, Measured], ...]  # what the best constant action scores, if not 0
    looks: Looks
    places: dict[str, str]  # labels of the environments, by name
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]
    unit: Unit
    ends: tuple[float, float]
    several_levels: bool
    tables: dict[str, pd.DataFrame]


def find(domain: Domain) -> Facts | None:
    """Losses on all variations tested; None if there is but one."""
    if len(domain.variations) < 2 or domain.gaps.empty:
        return None
    lost = domain.gaps[domain.gaps["tested"] != HELD_OUT]
    judged = len(lost) > 0
    rows = lost if judged else domain.plain
    last = domain.last(rows)
    family = domain.family(last) if judged else 1
    plain = domain.last(overfitting.verdicts(domain.plain, domain.measure))
    verdicts = plain
    if judged:
        verdicts = domain.judged(domain.verdicts[domain.verdicts["tested"] != HELD_OUT])
    drops = tuple(_drop(row, plain, domain) for row in verdicts.to_dict("records"))
    environment = domain.unbounded(variations.DEFAULT_VARIATION) or domain.environments[-1]
    met = [v for v in domain.variations if any(_is(x, environment.name, v) for x in drops)]
    tested = met[-1] if met else domain.variations[-1]
    first = tuple(x for x in drops if _is(x, environment.name, tested))
    compared = pd.DataFrame()
    if judged:
        here = (last["environment"] == environment.name) & (last["tested"] == tested)
        compared = domain.compared(last[here])
    least = sign_test.least_seeds(sign_test.ALPHA / family)
    seeds = max((drop.seeds for drop in first), default=0)
    in_return = [
        overfitting.verdicts(part, overfitting.mean_return(domain.id)).assign(kind=kind)
        for kind, part in zip(("judged", "plain"), domain.gaps_in_return, strict=True)
    ]
    floors = overfitting.floors(domain.id, domain.measure)
    low, high = domain.measure.low, domain.measure.high
    cells = _cells(domain)
    values = [cell.mean.value for cell in cells] or [0.0, 1.0]
    return Facts(
        outcome=outcome([drop.verdict for drop in first], seeds, least) if judged else "plain",
        trained=domain.labels[environment.name],
        tested=tested,
        first=first,
        drops=drops,
        sure=sum(drop.verdict == "gap" for drop in drops),
        compared=len(compared),
        losers=tuple(pair for pair in pairs(compared, domain.points) if pair.sure),
        num_family=family,
        least=least,
        seeds=seeds,
        planned=len(domain.study.seeds),
        noun=domain.measure.column,
        policy=domain.policy,
        episodes=domain.study.evaluation.episodes,
        success=benchmarks.get(domain.id).success,
        id=domain.id,
        constants=_constants(domain.id),
        floors=tuple(
            (v, Measured(floors[v], unit=domain.unit))
            for v in domain.variations
            if floors[v] > max(0.0, domain.measure.low)
        ),
        looks=domain.looks,
        places=dict(domain.labels),
        columns=domain.variations,
        cells=cells,
        unit=domain.unit,
        several_levels=domain.several_levels,
        ends=(low, high) if np.isfinite(low) else (min(values), max(values)),
        tables={"": verdicts, "by-seed": last, "plain": plain, "in-return": pd.concat(in_return)}
        | {"agents": compared, "matrix": _matrix(domain)},
    )


def _is(drop: Drop, environment: str, tested: str) -> bool:
    return drop.environment == environment and drop.tested == tested


def _drop(row: dict[str, Any], plain: pd.DataFrame, domain: Domain) -> Drop:
    name, environment, tested = (str(row[k]) for k in ("configuration", "environment", "tested"))
    own = plain[(plain["configuration"] == name) & (plain["environment"] == environment)]
    own = own[own["tested"] == tested]
    return Drop(
        name=name,
        environment=environment,
        trained=domain.labels[environment],
        tested=tested,
        verdict="idle" if row["note"] == IDLE else row["verdict"],
        drop=Measured(row["gap"], row["low"], row["high"], row["note"], domain.points),
        plain=Measured(own["gap"].iloc[0] if len(own) else np.nan, unit=domain.points),
        seeds=row["n"],
        runs=row["runs"],
    )


def _matrix(domain: Domain) -> pd.DataFrame:
    return generalization.matrix(domain.scores, domain.study.steps, domain.policy)


def _cells(domain: Domain) -> tuple[Cell, ...]:
    """Means over seeds, with their intervals cut off at what is possible."""
    frame = _matrix(domain)
    frame = frame.assign(tested=frame["tested"].astype(str))
    by = ["configuration", "environment", "tested"]
    means = overfitting.over_seeds(frame, by, domain.measure.column)
    ends = means[["low", "high"]].clip(domain.measure.low, domain.measure.high)
    return tuple(
        Cell(
            str(row["configuration"]),
            str(row["environment"]),
            row["tested"],
            Measured(row["mean"], low, high, row["note"], domain.unit),
        )
        for row, (low, high) in zip(means.to_dict("records"), ends.to_numpy(), strict=True)
    )


def _constants(environment_id: str) -> tuple[Constant, ...]:
    """What the constants of each variation are drawn from, if any vary."""
    level = np.zeros(1, np.int64)
    found = []
    for index, name in enumerate(variations.constants(environment_id)):
        ranges = [
            (v, _spans(variations.intervals(environment_id, v, level)[0, index]))
            for v in variations.names(environment_id)
            if v != variations.GRID
        ]
        found.append(Constant(name, tuple(ranges)))
    return tuple(found)


def _spans(spans: np.ndarray) -> str:
    """Two intervals, of which the second may be empty."""
    wide = [f"{low:g} to {high:g}" for low, high in spans if low < high]
    return " or ".join(wide) or f"{spans[0, 0]:g}"
