"""The optimism of choosing the best agent on few seeds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import selection
from tfrl.analysis.resampling import generator
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData

CHOSEN_ON = (1, 2, 3, 5)  # seeds


@dataclass(frozen=True)
class Row:
    """The optimism in one environment."""

    trained: str
    configurations: int
    seeds: int
    by_count: dict[int, IntervalEstimate]  # by the number of seeds that choose


@dataclass(frozen=True)
class Facts:
    """The optimism in all environments with enough seeds and configurations."""

    data: GeneralizationData
    rows: tuple[Row, ...]
    counts: tuple[int, ...]
    at_first: IntervalEstimate  # mean over environments, with the fewest seeds
    sure: int  # environments whose interval excludes 0
    tables: dict[str, pd.DataFrame]


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts, by the final score on held-out levels; None with too few seeds."""
    scores = data.matrix[data.matrix["trained"] == data.matrix["tested"]]
    rows: list[Row] = []
    table: list[dict[str, Any]] = []
    for environment in data.environments:
        wide = scores[scores["environment"] == environment.name]
        wide = wide.pivot(index="seed", columns="configuration", values=data.noun)
        wide = wide.dropna(axis=1, how="all").dropna()
        optimism = {
            k: selection.optimism(
                wide.to_numpy(float), k, generator(environment.name, "optimism", str(k))
            )
            for k in CHOSEN_ON
            if k < len(wide) and wide.shape[1] > 1
        }
        records = {
            k: {"environment": environment.name, "optimism": one.optimism} | vars(one)
            for k, one in optimism.items()
        }
        if records:
            table += records.values()
            by_count = {k: from_row(row, "optimism", data.points) for k, row in records.items()}
            label = data.labels[environment.name]
            rows.append(Row(label, wide.shape[1], len(wide), by_count))
    if not rows:
        return None
    counts = tuple(sorted({k for row in rows for k in row.by_count}))
    fewest = [row.by_count[counts[0]] for row in rows if counts[0] in row.by_count]
    mean = float(np.mean([estimate.value for estimate in fewest]))
    return Facts(
        data=data,
        rows=tuple(rows),
        counts=counts,
        at_first=IntervalEstimate(mean, unit=data.points),
        sure=sum(estimate.low > 0 for estimate in fewest),
        tables={"": pd.DataFrame(table)},
    )
