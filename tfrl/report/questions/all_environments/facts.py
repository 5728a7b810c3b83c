"""Normalised final returns over all environments of a study."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import aggregates, benchmarks, comparisons
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.estimates import PERCENT, IntervalEstimate, from_row
from tfrl.report.style import Styles

TAUS = np.linspace(-0.1, 1.3, 57)


@dataclass(frozen=True)
class Agent:
    """One row of the table, of returns where 0 is a random policy and 1 the threshold."""

    name: str
    runs: int
    environments: int
    iqm: IntervalEstimate
    mean: IntervalEstimate
    gap: IntervalEstimate  # to the threshold


@dataclass(frozen=True)
class Facts:
    """Scores of the main configurations over all environments."""

    outcome: str  # "alone", "apart" (an interval above all others), "overlap"
    best: str
    agents: tuple[Agent, ...]  # the highest IQM first
    known: tuple[str, ...]  # ids of the environments with a random return and a threshold
    unknown: tuple[str, ...]
    styles: Styles
    panels: tuple[tuple[str, pd.DataFrame, pd.DataFrame], ...]  # of each environment
    profile: pd.DataFrame  # output of `aggregates.performance_profile`
    improvement: tuple[tuple[str, str, IntervalEstimate], ...]
    tables: dict[str, pd.DataFrame]


def find(environments: Sequence[EnvironmentData]) -> Facts | None:
    """Returns the facts; None if fewer than two environments can be normalised."""
    anchors = {data.name: benchmarks.anchors(data.id) for data in environments}
    known = {name: pair for name, pair in anchors.items() if pair is not None}
    if len(known) < 2:
        return None
    final = pd.concat(
        [data.select(data.final) for data in environments if data.name in known], ignore_index=True
    )
    scores = aggregates.normalise(final, known)
    across = aggregates.across(scores)
    if across.empty:
        return None
    agents = tuple(
        Agent(
            name=str(row["configuration"]),
            runs=row["n"],
            environments=row["environments"],
            iqm=from_row(row, "iqm", ends="iqm_"),
            mean=from_row(row, "mean", ends="mean_"),
            gap=from_row(row, "optimality_gap", ends="optimality_gap_"),
        )
        for row in across.sort_values("iqm", ascending=False).to_dict("records")
    )
    # An agent without runs on some environments may have the easy ones only.
    complete = [agent for agent in agents if agent.environments == len(known)]
    sure = len(complete) > 1 and all(agent.iqm.high < complete[0].iqm.low for agent in complete[1:])
    main = environments[0].main
    improvement = [
        (a, b, aggregates.improvement_across(final, a, b))
        for a, b in comparisons.all_pairs(list(main))
    ]
    table = pd.DataFrame([{"a": a, "b": b} | vars(estimate) for a, b, estimate in improvement])
    profile = aggregates.performance_profile(scores, TAUS)
    return Facts(
        outcome="alone" if len(agents) == 1 else "apart" if sure else "overlap",
        best=complete[0].name if complete else agents[0].name,
        agents=agents,
        known=tuple(data.id for data in environments if data.name in known),
        unknown=tuple(data.id for data in environments if data.name not in known),
        styles=main,
        panels=tuple(
            (
                f"final return, {data.id}",
                data.select(data.final),
                data.summary(data.final, "final return"),
            )
            for data in environments
        ),
        profile=profile,
        improvement=tuple(
            (a, b, from_row(vars(estimate), "estimate", PERCENT)) for a, b, estimate in improvement
        ),
        tables={"": across, "profile": profile, "pairs": table},
    )
