"""Drops on variations of the physics, or kinds of mazes, that were not trained on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import overfitting
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.analysis.sign_test import ALPHA
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.gaps import Gap, GapTest, gap_from_row, gap_test
from tfrl.report.generalization_data import GeneralizationData


@dataclass(frozen=True)
class Cell:
    """The score of an agent in one environment on one variation."""

    name: str
    environment: str
    tested: str
    mean: IntervalEstimate


@dataclass(frozen=True)
class Constant:
    """The ranges of a physics constant, by variation."""

    name: str
    ranges: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Facts:
    """Drops on all variations."""

    data: GeneralizationData
    outcome: str  # of `GapTest`, or "plain" (nothing was trained there)
    trained: str  # label of the environment of the first drops
    tested: str
    test: GapTest
    drops: tuple[Gap, ...]
    plain: tuple[IntervalEstimate, ...]  # of each drop: score where trained minus score here
    sure: int  # drops that are sure
    constants: tuple[Constant, ...]
    floors: tuple[tuple[str, IntervalEstimate], ...]  # scores of the best constant action, if > 0
    cells: tuple[Cell, ...]
    ends: tuple[float, float]  # of the colours
    tables: dict[str, pd.DataFrame]


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts; None if only one variation was tested."""
    if len(data.variations) < 2 or data.gaps.empty:
        return None
    lost = data.gaps[data.gaps["tested"] != HELD_OUT]
    judged = len(lost) > 0
    last = data.final(lost if judged else data.plain_differences)
    plain = data.final(overfitting.verdicts(data.plain_differences, data.measure))
    verdicts = plain
    if judged:
        verdicts = data.judged_policy(data.verdicts[data.verdicts["tested"] != HELD_OUT])
    drops = tuple(gap_from_row(row, data) for row in verdicts.to_dict("records"))
    environment = data.unbounded(variations.DEFAULT_VARIATION) or data.environments[-1]
    met = {drop.tested for drop in drops if drop.environment == environment.name}
    tested = [v for v in data.variations if v in met or not met][-1]
    first = tuple(d for d in drops if (d.environment, d.tested) == (environment.name, tested))
    here = (last["environment"] == environment.name) & (last["tested"] == tested) & judged
    family = data.num_tests(last) if judged else 1
    test = gap_test(first, last[here], family, ALPHA, data)
    in_return = [
        overfitting.verdicts(part, overfitting.mean_return(data.id)).assign(kind=kind)
        for kind, part in zip(("judged", "plain"), data.gaps_in_return, strict=True)
    ]
    cells = _cells(data)
    means = [cell.mean.value for cell in cells] or [0.0, 1.0]
    return Facts(
        data=data,
        outcome=test.outcome if judged else "plain",
        trained=data.labels[environment.name],
        tested=tested,
        test=test,
        drops=drops,
        plain=_plain(drops, plain, data),
        sure=sum(drop.verdict == "gap" for drop in drops),
        constants=_constants(data.id),
        floors=tuple(
            (v, IntervalEstimate(data.floors[v], unit=data.unit))
            for v in data.variations
            if data.floors[v] > max(0.0, data.limits[0])
        ),
        cells=cells,
        ends=data.limits if np.isfinite(data.limits[0]) else (min(means), max(means)),
        tables={"": verdicts, "by-seed": last, "plain": plain, "in-return": pd.concat(in_return)}
        | {"agents": test.agents, "matrix": data.matrix},
    )


def _plain(
    drops: tuple[Gap, ...], table: pd.DataFrame, data: GeneralizationData
) -> tuple[IntervalEstimate, ...]:
    """Returns the plain difference for each drop; NaN if there is none."""
    keys = ["configuration", "environment", "tested"]
    values = table.astype(dict.fromkeys(keys, str)).set_index(keys)["gap"].to_dict()
    places = [(drop.name, drop.environment, drop.tested) for drop in drops]
    return tuple(IntervalEstimate(values.get(key, np.nan), unit=data.points) for key in places)


def _cells(data: GeneralizationData) -> tuple[Cell, ...]:
    """Returns means over seeds, with their intervals clipped to possible scores."""
    keys = ["configuration", "environment", "tested"]
    means = overfitting.over_seeds(data.matrix.astype({"tested": str}), keys, data.noun)
    return tuple(
        Cell(
            str(row["configuration"]),
            str(row["environment"]),
            str(row["tested"]),
            from_row(row, "mean", data.unit, limits=data.limits),
        )
        for row in means.to_dict("records")
    )


def _constants(environment_id: str) -> tuple[Constant, ...]:
    """Returns the ranges of each physics constant; empty if none varies."""
    level = np.zeros(1, np.int64)
    names = [v for v in variations.names(environment_id) if v != variations.GRID]
    return tuple(
        Constant(
            constant,
            tuple(
                (v, _ranges(variations.intervals(environment_id, v, level)[0, index]))
                for v in names
            ),
        )
        for index, constant in enumerate(variations.constants(environment_id))
    )


def _ranges(intervals: np.ndarray) -> str:
    """Returns two intervals as text; the second may be empty."""
    wide = [f"{low:g} to {high:g}" for low, high in intervals if low < high]
    return " or ".join(wide) or f"{intervals[0, 0]:g}"
