"""What choosing the best agent adds to its score."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import generalization, selection
from tfrl.analysis.resampling import generator
from tfrl.report.domain import Domain
from tfrl.report.measured import Measured

CHOSEN_ON = (1, 2, 3, 5)  # seeds


@dataclass(frozen=True)
class Row:
    """One condition of training."""

    trained: str
    configurations: int
    seeds: int
    by_count: dict[int, Measured]  # by the number of seeds that choose


@dataclass(frozen=True)
class Facts:
    """How much too good the best of few seeds looks."""

    rows: tuple[Row, ...]
    counts: tuple[int, ...]
    at_first: Measured  # mean over conditions, with the fewest seeds
    sure: int  # conditions whose interval excludes 0
    noun: str
    tables: dict[str, pd.DataFrame]


def find(domain: Domain) -> Facts | None:
    """By the final score on held-out levels; None with too few seeds or configurations."""
    matrix = generalization.matrix(domain.scores, domain.study.steps, domain.policy)
    own = matrix[matrix["trained"] == matrix["tested"]]
    rows, table = [], []
    for environment in domain.environments:
        wide = own[own["environment"] == environment.name]
        wide = wide.pivot(index="seed", columns="configuration", values=domain.measure.column)
        wide = wide.dropna(axis=1, how="all").dropna()
        found = {
            k: selection.optimism(
                wide.to_numpy(float), k, generator(environment.name, "optimism", str(k))
            )
            for k in CHOSEN_ON
            if k < len(wide) and wide.shape[1] > 1
        }
        table += [
            {"environment": environment.name, "optimism": one.optimism} | vars(one)
            for one in found.values()
        ]
        if found:
            by_count = {
                k: Measured(one.optimism, one.low, one.high, one.note, domain.points)
                for k, one in found.items()
            }
            label = domain.labels[environment.name]
            rows.append(Row(label, wide.shape[1], len(wide), by_count))
    if not rows:
        return None
    counts = tuple(sorted({k for row in rows for k in row.by_count}))
    least = [row.by_count[counts[0]] for row in rows if counts[0] in row.by_count]
    return Facts(
        rows=tuple(rows),
        counts=counts,
        at_first=Measured(float(np.mean([one.value for one in least])), unit=domain.points),
        sure=sum(one.low > 0 for one in least),
        noun=domain.measure.column,
        tables={"": pd.DataFrame(table)},
    )
