"""How much worse a policy is on levels that it was not trained on."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import overfitting, sign_test
from tfrl.analysis.overfitting import HELD_OUT, IDLE
from tfrl.report.domain import Domain, outcome
from tfrl.report.measured import Measured
from tfrl.report.pairs import Pair, pairs
from tfrl.report.style import Looks


@dataclass(frozen=True)
class Gap:
    """Levels trained on minus unseen ones, of one agent and environment at the end of training."""

    name: str  # of the configuration
    environment: str
    trained: str  # label of the environment
    verdict: str  # "gap", "reverse", "none", "inconclusive", or "idle": too little was learned
    gap: Measured
    seen: Measured  # medians of both scores
    unseen: Measured
    seeds: int  # that learned
    runs: int


@dataclass(frozen=True)
class Facts:
    """All gaps to unseen levels."""

    outcome: str  # "gap", "none", "undecided", "too few", "control" (no finite levels), "idle"
    fewest: int | None  # levels of the environment that trains on fewest
    first: tuple[Gap, ...]  # gaps there
    gaps: tuple[Gap, ...]  # of finite numbers of levels
    up_to: int | None  # the most levels on which a gap is sure for some agent
    control: tuple[Gap, ...]  # where all levels are trained on alike
    control_shows: int  # gaps among the control
    seeds_of_control: int  # that learned, at most
    compared: int  # pairs of agents, by their gaps there
    losers: tuple[Pair, ...]  # those that differ for sure
    num_family: int
    least: int  # seeds that a verdict takes
    seeds: int  # that learned on the fewest levels, at most
    planned: int
    noun: str  # "success" or "return"
    policy: str
    other_policy: tuple[tuple[str, Measured], ...]  # gaps there of the policy that is not judged
    episodes: int
    id: str
    looks: Looks
    lines: pd.DataFrame  # [configuration, tested, levels, seed, score, mean, low, high]
    counts: tuple[float, ...]
    limits: tuple[float, float] | None
    variations: tuple[str, ...]
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """Whether the answer is worth a place on the first screen."""
        return self.outcome != "control" or self.control_shows > 0


def find(domain: Domain) -> Facts | None:
    """Gaps of all environments of the domain; None if nothing was evaluated."""
    unseen = domain.gaps[domain.gaps["tested"] == HELD_OUT]
    if unseen.empty:
        return None
    last = domain.last(unseen)
    family = domain.family(last)
    verdicts = domain.verdicts[domain.verdicts["tested"] == HELD_OUT]
    gaps = [_gap(row, domain) for row in domain.judged(verdicts).to_dict("records")]
    finite = {e.name: e.level_config.num_levels for e in domain.finite}
    mine = tuple(gap for gap in gaps if gap.environment in finite)
    control = tuple(gap for gap in gaps if gap.environment not in finite and gap.seeds)
    fewest = domain.finite[0] if finite else None
    first = tuple(gap for gap in mine if fewest and gap.environment == fewest.name)
    sure = [finite[gap.environment] for gap in mine if gap.verdict == "gap"]
    # Where levels are finite, their chance has a share of the error.
    error = (1 - overfitting.FOR_LEVELS if finite else 1) * sign_test.ALPHA
    least = sign_test.least_seeds(error / family)
    seeds = max((gap.seeds for gap in first), default=0)
    compared = pd.DataFrame()
    if fewest:
        compared = domain.compared(last[last["environment"] == fewest.name])
    return Facts(
        outcome=outcome([gap.verdict for gap in first], seeds, least) if fewest else "control",
        fewest=fewest.level_config.num_levels if fewest else None,
        first=first,
        gaps=mine,
        up_to=max(sure, default=None),
        control=control,
        control_shows=sum(gap.verdict == "gap" for gap in control),
        seeds_of_control=max((gap.seeds for gap in control), default=0),
        compared=len(compared),
        losers=tuple(pair for pair in pairs(compared, domain.points) if pair.sure),
        num_family=family,
        least=least,
        seeds=seeds,
        planned=len(domain.study.seeds),
        noun=domain.measure.column,
        policy=domain.policy,
        other_policy=_other(verdicts, fewest.name, domain) if fewest else (),
        episodes=domain.study.evaluation.episodes,
        id=domain.id,
        looks=domain.looks,
        lines=_lines(domain) if domain.several_levels else pd.DataFrame(),
        counts=tuple(sorted({e.level_config.levels or np.inf for e in domain.environments})),
        limits=(0.0, 100.0) if domain.measure.column == "success" else None,
        variations=domain.variations,
        tables={"gaps": verdicts, "by-seed": domain.last(unseen), "agents": compared},
    )


def _gap(row: dict[str, Any], domain: Domain) -> Gap:
    idle = row["note"] == IDLE
    return Gap(
        name=str(row["configuration"]),
        environment=str(row["environment"]),
        trained=domain.labels[str(row["environment"])],
        verdict="idle" if idle else row["verdict"],
        gap=Measured(row["gap"], row["low"], row["high"], row["note"], domain.points),
        seen=Measured(row["reference"], unit=domain.unit),
        unseen=Measured(row["score"], unit=domain.unit),
        seeds=row["n"],
        runs=row["runs"],
    )


def _other(
    verdicts: pd.DataFrame, environment: str, domain: Domain
) -> tuple[tuple[str, Measured], ...]:
    """What the other policy shows on the fewest levels."""
    rows = verdicts[(verdicts["policy"] != domain.policy) & (verdicts["n"] > 0)]
    rows = rows[rows["environment"] == environment].to_dict("records")
    return tuple(
        (str(row["configuration"]), Measured(row["gap"], unit=domain.points)) for row in rows
    )


def _lines(domain: Domain) -> pd.DataFrame:
    """Each seed's scores by the number of levels trained on, in the unit of the figure."""
    counts = {e.name: e.level_config.levels or np.inf for e in domain.environments}
    end = domain.last(domain.scores)
    end = end[end["variation"] != variations.GRID]
    scale = domain.unit.scale
    end = end.assign(
        tested=end["split"].where(end["split"] != "shifted", end["variation"]),
        levels=end["environment"].astype(str).map(counts).astype(float),
        score=scale * end[domain.measure.column],
    )
    by = ["configuration", "tested", "levels"]
    means = overfitting.over_seeds(end, by, "score").drop(columns=["n", "note"])
    ends = [scale * end for end in (domain.measure.low, domain.measure.high)]
    if np.isfinite(ends).all():
        means[["low", "high"]] = means[["low", "high"]].clip(*ends)
    return end[[*by, "seed", "score"]].merge(means, on=by)
