"""Who is better over all environments of a study."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import aggregates, benchmarks
from tfrl.analysis.evidence import Estimate
from tfrl.report.measured import PERCENT, Measured
from tfrl.report.style import Looks
from tfrl.report.task import Task

TAUS = np.linspace(-0.1, 1.3, 57)


@dataclass(frozen=True)
class Agent:
    """One row of the table, of returns where 0 is a random policy and 1 the threshold."""

    name: str
    runs: int
    environments: int
    iqm: Measured
    mean: Measured
    gap: Measured  # to the threshold


@dataclass(frozen=True)
class Facts:
    """All environments together."""

    outcome: str  # "alone", "apart" (an interval above all others), "overlap"
    best: str
    agents: tuple[Agent, ...]  # the highest IQM first
    known: tuple[str, ...]  # ids of the environments that have anchors
    unknown: tuple[str, ...]
    looks: Looks
    panels: tuple[tuple[str, pd.DataFrame, pd.DataFrame], ...]  # of each environment
    profile: pd.DataFrame  # as `aggregates.performance_profile`
    improvement: tuple[tuple[str, str, Measured], ...]
    tables: dict[str, pd.DataFrame]


def find(tasks: Sequence[Task]) -> Facts | None:
    """Of the configurations in the headline; None for less than two environments with anchors."""
    anchors = {task.name: benchmarks.anchors(task.environment.id) for task in tasks}
    known = {name: pair for name, pair in anchors.items() if pair is not None}
    if len(known) < 2:
        return None
    final = pd.concat(
        [task.own(task.final) for task in tasks if task.name in known], ignore_index=True
    )
    scores = aggregates.normalise(final, known)
    across = aggregates.across(scores)
    if across.empty:
        return None
    agents = tuple(
        _agent(row) for row in across.sort_values("iqm", ascending=False).to_dict("records")
    )
    # One that has runs on some of the environments only may have the easy ones.
    whole = [agent for agent in agents if agent.environments == len(known)]
    sure = len(whole) > 1 and all(one.iqm.high < whole[0].iqm.low for one in whole[1:])
    names = list(tasks[0].headline)
    two = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    improved = [(a, b, aggregates.improvement_across(final, a, b)) for a, b in two]
    profile = aggregates.performance_profile(scores, TAUS)
    return Facts(
        outcome="alone" if len(agents) == 1 else "apart" if sure else "overlap",
        best=whole[0].name if whole else agents[0].name,
        agents=agents,
        known=tuple(task.environment.id for task in tasks if task.name in known),
        unknown=tuple(task.environment.id for task in tasks if task.name not in known),
        looks=tasks[0].headline,
        panels=tuple(
            (
                f"final return, {task.environment.id}",
                task.own(task.final),
                task.summary(task.final, "final return"),
            )
            for task in tasks
        ),
        profile=profile,
        improvement=tuple(
            (a, b, Measured(one.estimate, one.low, one.high, one.note, PERCENT))
            for a, b, one in improved
        ),
        tables={"": across, "profile": profile, "pairs": _table(improved)},
    )


def _table(improved: list[tuple[str, str, Estimate]]) -> pd.DataFrame:
    return pd.DataFrame([{"a": a, "b": b} | vars(one) for a, b, one in improved])


def _agent(row: dict[str, Any]) -> Agent:
    def of(key: str) -> Measured:
        return Measured(row[key], row[f"{key}_low"], row[f"{key}_high"], row["note"])

    return Agent(
        name=str(row["configuration"]),
        runs=row["n"],
        environments=row["environments"],
        iqm=of("iqm"),
        mean=of("mean"),
        gap=of("optimality_gap"),
    )
