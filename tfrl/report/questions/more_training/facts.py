"""The growth of gaps during training."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import overfitting
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData


@dataclass(frozen=True)
class Growth:
    """The growth of one gap."""

    name: str
    environment: str
    trained: str
    tested: str
    verdict: str  # "gap" (it grew), "reverse", "none", "undecided"
    growth: IntervalEstimate
    seeds: int


@dataclass(frozen=True)
class Facts:
    """The growth of all gaps that are sure at the end."""

    data: GeneralizationData
    outcome: str  # "wider", "mixed", "narrower", "no wider", "undecided", "no gap"
    grown: tuple[Growth, ...]
    wider: int
    since: int  # step of the first evaluation after training has begun
    num_family: int
    margin: float  # the least gap that matters, in the unit of the figure
    curves: pd.DataFrame  # output of `overfitting.verdicts` for the judged policy
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """True if the answer belongs on the first screen."""
        return self.outcome != "no gap"


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts; None without an evaluation in the first half of training."""
    steps = data.scores["step"].unique()
    judged = data.judged_policy(data.gaps)
    if overfitting.middle(steps, data.steps) is None or judged.empty:
        return None
    if not (len(data.variations) > 1 or data.finite):
        return None
    since = int(min(step for step in steps if step > 0))
    # With unbounded levels, training leaves no level out, so nothing can be memorised.
    finite = judged["environment"].isin([environment.name for environment in data.finite])
    asked = judged[finite | (judged["tested"] != HELD_OUT)]
    family = data.num_tests(asked)
    table = overfitting.widening(asked, since, data.steps, data.measure, family, data.level_scores)
    curves = overfitting.verdicts(judged, data.measure, family, data.level_scores)
    sure = data.judged_policy(data.verdicts[data.verdicts["verdict"] == "gap"])
    keys = ["environment", "configuration", "tested"]
    rows = table.astype(dict.fromkeys(keys, str)).merge(sure[keys].astype(str), on=keys)
    grown = tuple(
        Growth(
            name=row["configuration"],
            environment=row["environment"],
            trained=data.labels[row["environment"]],
            tested=row["tested"],
            verdict=row["verdict"],
            growth=from_row(row, "typical", data.points),
            seeds=row["n"],
        )
        for row in rows.to_dict("records")
    )
    return Facts(
        data=data,
        outcome=_outcome([growth.verdict for growth in grown]),
        grown=grown,
        wider=sum(growth.verdict == "gap" for growth in grown),
        since=since,
        num_family=family,
        margin=data.points.scale * data.measure.margin,
        curves=curves,
        tables={"": table, "gaps": curves},
    )


def _outcome(verdicts: list[str]) -> str:
    if not verdicts:
        return "no gap"
    if set(verdicts) == {"gap"}:
        return "wider"
    if "gap" in verdicts:
        return "mixed"
    if set(verdicts) == {"none"}:
        return "no wider"
    return "narrower" if set(verdicts) <= {"reverse", "none"} else "undecided"
