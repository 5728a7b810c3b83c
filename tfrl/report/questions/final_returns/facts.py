"""Final returns in the environments that were trained on."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import benchmarks, evidence, returns
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData

COLUMNS = ["environment", "configuration", "planned", "finished", "failed", "missing",
           "n", "min", "max", "mean", "mean_low", "mean_high", "note"]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """The mean final returns of one agent, in the order of the environments."""

    name: str
    means: tuple[IntervalEstimate, ...]
    finished: tuple[tuple[int, int], ...]  # finished and planned runs


@dataclass(frozen=True)
class Facts:
    """The final returns of all agents."""

    data: GeneralizationData
    rows: tuple[Row, ...]
    tables: dict[str, pd.DataFrame]


def find(data: GeneralizationData) -> Facts:
    """Returns the facts."""
    scores = returns.final_scores(data.results.evaluations, data.steps, data.policy)
    table = evidence.summarise(scores, data.results.runs, "final return")
    limits = benchmarks.get(data.id).returns or (-np.inf, np.inf)
    no_run = IntervalEstimate(np.nan, note="no run")
    index = table.set_index(["configuration", "environment"])
    rows = []
    for name in data.styles:
        agent = [index.loc[(name, environment.name)] for environment in data.environments]
        means = tuple(
            from_row(row, "mean", ends="mean_", limits=limits) if row["n"] else no_run
            for row in agent
        )
        rows.append(Row(name, means, tuple((row["finished"], row["planned"]) for row in agent)))
    return Facts(data=data, rows=tuple(rows), tables={"": table[COLUMNS]})
