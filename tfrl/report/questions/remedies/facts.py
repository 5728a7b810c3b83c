"""Remedies that are known to narrow a generalization gap, and their effect here."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis import ablations, remedies
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData
from tfrl.variations import DEFAULT_VARIATION

ON_R = "on R"  # the remedy that is not a configuration: training on R instead of D
VERDICTS = {
    "gap": "narrowed",
    "reverse": "widened",
    "none": "not narrowed",
    "undecided": "undecided",
    remedies.NO_GAP: "no gap",
}


@dataclass(frozen=True)
class Remedy:
    """The effect of one remedy on one gap."""

    name: str  # of the configuration
    added: str  # hyperparameters that it sets
    trained: str  # label of the environment
    tested: str  # "held-out" or a variation
    verdict: str  # "narrowed", "widened", "not narrowed", "undecided", "no gap"
    before: IntervalEstimate
    after: IntervalEstimate
    change: IntervalEstimate  # after - before
    reference: IntervalEstimate  # changes of both scores that the gap is between
    score: IntervalEstimate
    seeds: int


@dataclass(frozen=True)
class Facts:
    """All remedies of the study."""

    data: GeneralizationData
    outcome: str  # "narrowed", "mixed", "not narrowed", "undecided", "no gap"
    asked: tuple[Remedy, ...]  # those with a sure gap to narrow
    narrowed: tuple[Remedy, ...]
    remedies: tuple[Remedy, ...]
    num_family: int
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """True if the answer belongs on the first screen."""
        return self.outcome != "no gap"


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts; None if the study has no remedy."""
    table, family = _paired(data)
    if table.empty:
        return None
    all_remedies = tuple(_remedy(row, data) for row in table.to_dict("records"))
    asked = tuple(remedy for remedy in all_remedies if remedy.verdict != "no gap")
    return Facts(
        data=data,
        outcome=_outcome({remedy.verdict for remedy in asked}),
        asked=asked,
        narrowed=tuple(remedy for remedy in asked if remedy.verdict == "narrowed"),
        remedies=all_remedies,
        num_family=family,
        tables={"": table},
    )


def _paired(data: GeneralizationData) -> tuple[pd.DataFrame, int]:
    """Returns the effect of each remedy on the gap that it is meant for, and the number of tests.

    Training on R instead of D is meant for the drop on E. Regularisation is meant for the gap to
    unseen levels if their number is finite anywhere, and else for drops on other variations.
    """
    gaps = data.final(data.gaps)
    finite = gaps["environment"].isin([e.name for e in data.finite])
    unseen = gaps["tested"] == HELD_OUT
    aim = gaps[finite & unseen] if finite.any() else gaps[~unseen]
    regularised = [
        (pair, *(aim[aim["configuration"] == name] for name in (pair.plain, pair.changed)))
        for pair in ablations.regularised_pairs(data.results.settings)
    ]
    on_d, on_r = (_on(variation, gaps, data) for variation in (DEFAULT_VARIATION, "R"))
    both = set(on_d["configuration"]) & set(on_r["configuration"])
    where = ["environment", "tested"]
    count = len(both) + sum(len(plain[where].drop_duplicates()) for _, plain, _ in regularised)
    family = max(count, 1)
    effects = remedies.paired(on_d, on_r, ["configuration", "tested"], data.measure, family)
    tables = [effects.assign(remedy=ON_R, where="E", added="training on R instead of D")]
    for pair, plain, remedy in regularised:
        effects = remedies.paired(plain, remedy, where, data.measure, family, data.level_scores)
        effects = effects.assign(where=effects["environment"].astype(str))
        tables.append(
            effects.assign(remedy=pair.changed, configuration=pair.plain, added=pair.change)
        )
    table = pd.concat(tables, ignore_index=True).drop(columns="environment", errors="ignore")
    first = ["remedy", "configuration", "added", "where"]
    return table[[*first, *(column for column in table if column not in first)]], family


def _on(variation: str, gaps: pd.DataFrame, data: GeneralizationData) -> pd.DataFrame:
    """Returns the drops on E of the runs that trained on a variation."""
    environment = data.unbounded(variation)
    rows = gaps["environment"] == (environment.name if environment else "")
    return gaps[rows & (gaps["tested"] == "E")]


def _remedy(row: dict[str, Any], data: GeneralizationData) -> Remedy:
    on_r = row["remedy"] == ON_R
    one_reference = IntervalEstimate(0.0, note="one reference", unit=data.points)
    return Remedy(
        name=str(row["configuration"] if on_r else row["remedy"]),
        added=row["added"],
        trained="R instead of D" if on_r else data.labels[row["where"]],
        tested=str(row["tested"]),
        verdict=VERDICTS[row["verdict"]],
        before=IntervalEstimate(row["gap_plain"], unit=data.points),
        after=IntervalEstimate(row["gap_remedy"], unit=data.points),
        change=from_row(row, "narrowed", data.points, "narrowed_").negated,
        reference=one_reference if on_r else from_row(row, "reference", data.points, "reference_"),
        score=from_row(row, "score", data.points, "score_"),
        seeds=row["n"],
    )


def _outcome(verdicts: set[str]) -> str:
    if not verdicts:
        return "no gap"
    if "narrowed" in verdicts:
        return "narrowed" if len(verdicts) == 1 else "mixed"
    return "not narrowed" if verdicts <= {"not narrowed", "widened"} else "undecided"
