"""Gaps in generalization at the end of training, and the verdict on those of one environment."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis import comparisons, sign_test
from tfrl.analysis.overfitting import IDLE
from tfrl.analysis.returns import RUN
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData
from tfrl.report.pairwise import Pair, pairs


@dataclass(frozen=True)
class Gap:
    """The median gap of one agent at the end of training, over the seeds that learned."""

    name: str  # of the configuration
    environment: str
    trained: str  # label of the environment
    tested: str  # "held-out" or a variation
    verdict: str  # "gap", "reverse", "none", "undecided", or "idle": too little was learned
    gap: IntervalEstimate
    reference: IntervalEstimate  # medians of both scores that the gap is between
    score: IntervalEstimate
    seeds: int  # that learned
    runs: int


@dataclass(frozen=True)
class GapTest:
    """The gaps that a section is about first, among all that are tested together."""

    first: tuple[Gap, ...]  # of one environment and one test
    num_family: int  # gaps that are tested together
    least: int  # seeds that a verdict takes
    agents: pd.DataFrame  # output of `comparisons.compare` for the first gaps of each two agents
    losers: tuple[Pair, ...]  # agents whose gaps differ for sure

    @property
    def seeds(self) -> int:
        """Seeds that learned, of the agent with most."""
        return max((gap.seeds for gap in self.first), default=0)

    @property
    def outcome(self) -> str:
        """The verdict on all: "gap" if one is sure, "none", "undecided", "too few" or "idle"."""
        verdicts = {gap.verdict for gap in self.first}
        if verdicts <= {"idle"}:
            return "idle"
        if "gap" in verdicts:
            return "gap"
        if self.seeds < self.least:
            return "too few"
        return "none" if verdicts <= {"none", "reverse", "idle"} else "undecided"


def gap_from_row(row: dict[str, Any], data: GeneralizationData) -> Gap:
    """Returns a row of `overfitting.verdicts` as a gap."""
    environment = str(row["environment"])
    return Gap(
        name=str(row["configuration"]),
        environment=environment,
        trained=data.labels[environment],
        tested=str(row["tested"]),
        verdict="idle" if row["note"] == IDLE else row["verdict"],
        gap=from_row(row, "gap", data.points),
        reference=IntervalEstimate(row["reference"], unit=data.unit),
        score=IntervalEstimate(row["score"], unit=data.unit),
        seeds=row["n"],
        runs=row["runs"],
    )


def gap_test(
    first: tuple[Gap, ...],
    by_seed: pd.DataFrame,
    num_family: int,
    error: float,
    data: GeneralizationData,
) -> GapTest:
    """Returns the test of the first gaps.

    Args:
      by_seed: the same gaps of each seed, to compare agents by; empty to compare none.
      num_family: gaps that are tested together.
      error: of all these tests together.
    """
    agents = pd.DataFrame()
    if len(by_seed):
        scores = by_seed.loc[by_seed["learned"], [*RUN, "gap"]].rename(columns={"gap": "score"})
        agents = comparisons.compare(scores, dict.fromkeys(data.labels, data.measure.margin))
    losers = tuple(pair for pair in pairs(agents, data.points) if pair.sure)
    return GapTest(first, num_family, sign_test.least_seeds(error / num_family), agents, losers)
