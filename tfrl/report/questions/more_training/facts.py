"""Whether gaps grow as training goes on."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis import overfitting
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.domain import Domain
from tfrl.report.measured import Measured, Unit
from tfrl.report.style import Looks


@dataclass(frozen=True)
class Growth:
    """By how much one gap grew."""

    name: str
    environment: str
    trained: str
    tested: str
    verdict: str  # "gap" (it grew), "reverse", "none", "inconclusive"
    growth: Measured
    seeds: int


@dataclass(frozen=True)
class Facts:
    """All gaps over training."""

    outcome: str  # "wider", "mixed", "narrower", "no wider", "undecided", "no gap"
    grown: tuple[Growth, ...]  # of the gaps that are sure at the end
    wider: int
    since: int
    steps: int
    num_family: int
    noun: str
    policy: str
    margin: float
    unit: Unit
    looks: Looks
    several_levels: bool
    environments: tuple[tuple[str, str], ...]  # names and labels
    variations: tuple[str, ...]
    curves: pd.DataFrame  # as `overfitting.verdicts`, of the judged policy
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """Whether the answer is worth a place on the first screen."""
        return self.outcome != "no gap"


def find(domain: Domain) -> Facts | None:
    """Growth since the first evaluation; None without one in the first half of training."""
    since = _since(domain.scores["step"].unique(), domain.study.steps)
    judged = domain.judged(domain.gaps)
    if since is None or judged.empty or not (len(domain.variations) > 1 or domain.finite):
        return None
    end = domain.study.steps
    # Where levels are unbounded, training leaves none out that it could have memorised others for.
    finite = judged["environment"].isin([environment.name for environment in domain.finite])
    asked = judged[finite | (judged["tested"] != HELD_OUT)]
    family = domain.family(asked)
    table = overfitting.widening(asked, since, end, domain.measure, family, domain.played)
    curves = overfitting.verdicts(judged, domain.measure, family, domain.played)
    sure = domain.judged(domain.verdicts[domain.verdicts["verdict"] == "gap"])
    keys = ["environment", "configuration", "tested"]
    rows = table.astype(dict.fromkeys(keys, str)).merge(sure[keys].astype(str), on=keys)
    grown = tuple(_growth(row, domain) for row in rows.to_dict("records"))
    return Facts(
        outcome=_outcome(grown),
        grown=grown,
        wider=sum(one.verdict == "gap" for one in grown),
        since=since,
        steps=end,
        num_family=family,
        noun=domain.measure.column,
        policy=domain.policy,
        margin=domain.points.scale * domain.measure.margin,
        unit=domain.points,
        looks=domain.looks,
        several_levels=domain.several_levels,
        environments=tuple((e.name, domain.labels[e.name]) for e in domain.environments),
        variations=domain.variations,
        curves=curves,
        tables={"": table, "gaps": curves},
    )


def _since(steps: Collection[int], budget: int) -> int | None:
    """The first evaluation after training has begun, if there is one in its first half."""
    if overfitting.middle(steps, budget) is None:
        return None
    return int(min(step for step in steps if step > 0))


def _growth(row: dict[str, Any], domain: Domain) -> Growth:
    return Growth(
        name=row["configuration"],
        environment=row["environment"],
        trained=domain.labels[row["environment"]],
        tested=row["tested"],
        verdict=row["verdict"],
        growth=Measured(row["typical"], row["low"], row["high"], row["note"], domain.points),
        seeds=row["n"],
    )


def _outcome(grown: tuple[Growth, ...]) -> str:
    verdicts = [one.verdict for one in grown]
    if not verdicts:
        return "no gap"
    if verdicts.count("gap") == len(verdicts):
        return "wider"
    if "gap" in verdicts:
        return "mixed"
    if set(verdicts) == {"none"}:
        return "no wider"
    return "narrower" if set(verdicts) <= {"reverse", "none"} else "undecided"
