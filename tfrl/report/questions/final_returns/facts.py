"""Final returns on what was trained on: what an ordinary page would show."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import benchmarks, evidence, returns
from tfrl.report.domain import Domain
from tfrl.report.measured import Measured

COLUMNS = ("environment", "configuration", "planned", "finished", "failed", "missing",
           "n", "min", "max", "mean", "mean_low", "mean_high", "note")  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One agent's mean final returns, in the order of the environments."""

    name: str
    means: tuple[Measured, ...]
    finished: tuple[tuple[int, int], ...]  # of how many planned


@dataclass(frozen=True)
class Facts:
    """All final returns."""

    rows: tuple[Row, ...]
    trained: tuple[str, ...]  # labels of the environments
    policy: str
    tables: dict[str, pd.DataFrame]


def find(domain: Domain) -> Facts | None:
    """Of each agent on each environment."""
    scores = returns.final_scores(domain.results.evaluations, domain.study.steps, domain.policy)
    table = evidence.summarise(scores, domain.results.runs, "final return")
    limits = benchmarks.get(domain.id).returns or (-np.inf, np.inf)
    index = table.set_index(["configuration", "environment"])
    rows = []
    for name in domain.looks:
        own = [index.loc[(name, environment.name)] for environment in domain.environments]
        means = tuple(_mean(row, limits) for row in own)
        rows.append(Row(name, means, tuple((row["finished"], row["planned"]) for row in own)))
    return Facts(
        rows=tuple(rows),
        trained=tuple(domain.labels[environment.name] for environment in domain.environments),
        policy=domain.policy,
        tables={"": table[[*COLUMNS]]},
    )


def _mean(row: pd.Series, limits: tuple[float, float]) -> Measured:
    if row["n"] == 0:
        return Measured(np.nan, note="no run")
    low, high = np.clip([row["mean_low"], row["mean_high"]], *limits)
    return Measured(row["mean"], low, high, row["note"])
