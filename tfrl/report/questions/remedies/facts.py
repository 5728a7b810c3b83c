"""Whether what is known to narrow a gap did so here."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis import remedies
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.domain import Domain
from tfrl.report.measured import Measured
from tfrl.variations import DEFAULT_VARIATION

ON_R = "on R"  # the remedy that is no configuration: training on R instead of D


@dataclass(frozen=True)
class Remedy:
    """What one remedy changed in one gap."""

    name: str  # of the configuration, or ON_R
    added: str  # what it sets
    trained: str  # label of the environment
    tested: str  # "held-out" or a variation
    verdict: str  # "narrowed", "widened", "not narrowed", "undecided", "no gap"
    before: Measured
    after: Measured
    change: Measured  # after - before
    seen: Measured  # what it changed in both scores that the gap is between
    unseen: Measured
    seeds: int


VERDICTS = {
    "gap": "narrowed",
    "reverse": "widened",
    "none": "not narrowed",
    "inconclusive": "undecided",
    remedies.NO_GAP: "no gap",
}


@dataclass(frozen=True)
class Facts:
    """All remedies of the study."""

    outcome: str  # "narrowed", "mixed", "not narrowed", "undecided", "no gap"
    asked: tuple[Remedy, ...]  # where there is a gap to narrow
    narrowed: tuple[Remedy, ...]
    remedies: tuple[Remedy, ...]
    num_family: int
    noun: str
    finite: bool
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """Whether the answer is worth a place on the first screen."""
        return self.outcome != "no gap"


def find(domain: Domain) -> Facts | None:
    """If the study has a remedy for a gap."""
    table, family = _paired(domain)
    if table.empty:
        return None
    found = tuple(_remedy(row, domain) for row in table.to_dict("records"))
    asked = tuple(one for one in found if one.verdict != "no gap")
    return Facts(
        outcome=_outcome([one.verdict for one in asked]),
        asked=asked,
        narrowed=tuple(one for one in asked if one.verdict == "narrowed"),
        remedies=found,
        num_family=family,
        noun=domain.measure.column,
        finite=bool(domain.finite),
        tables={"": table},
    )


def _paired(domain: Domain) -> tuple[pd.DataFrame, int]:
    """What each remedy that the study has did to the gap it is meant for, and how many there are.

    For training on R instead of D that is what is lost on E by not having been trained on it. For
    regularisation it is the gap to unseen levels where their number is finite, and if it nowhere
    is, what is lost on other variations.
    """
    gaps = domain.last(domain.gaps)
    finite = gaps["environment"].isin([e.name for e in domain.finite])
    unseen = gaps["tested"] == HELD_OUT
    aim = gaps[finite & unseen] if finite.any() else gaps[~unseen]
    asked = [
        (pair, *(aim[aim["configuration"] == name] for name in (pair.plain, pair.remedy)))
        for pair in remedies.regularised(domain.results.settings)
    ]
    on_d, on_r = (_on(variation, gaps, domain) for variation in (DEFAULT_VARIATION, "R"))
    alike = set(on_d["configuration"]) & set(on_r["configuration"])
    where = ["environment", "tested"]
    count = len(alike) + sum(len(plain[where].drop_duplicates()) for _, plain, _ in asked)
    family = max(count, 1)
    one = remedies.paired(on_d, on_r, ["configuration", "tested"], domain.measure, family)
    found = [one.assign(remedy=ON_R, where="E", added="training on R instead of D")]
    for pair, plain, remedy in asked:
        one = remedies.paired(plain, remedy, where, domain.measure, family, domain.played)
        one = one.assign(where=one["environment"].astype(str))
        found.append(one.assign(remedy=pair.remedy, configuration=pair.plain, added=pair.added))
    table = pd.concat(found, ignore_index=True).drop(columns="environment", errors="ignore")
    first = ["remedy", "configuration", "added", "where"]
    return table[[*first, *(column for column in table if column not in first)]], family


def _on(variation: str, gaps: pd.DataFrame, domain: Domain) -> pd.DataFrame:
    """What is lost on E by runs that were trained on that variation."""
    environment = domain.unbounded(variation)
    own = gaps["environment"] == (environment.name if environment else "")
    return gaps[own & (gaps["tested"] == "E")]


def _remedy(row: dict[str, Any], domain: Domain) -> Remedy:
    def of(key: str) -> Measured:
        low, high, note = (row[f"{key}_{part}"] for part in ("low", "high", "note"))
        return Measured(row[key], low, high, note, domain.points)

    on_r = row["remedy"] == ON_R
    return Remedy(
        name=str(row["configuration"] if on_r else row["remedy"]),
        added=row["added"],
        trained="R instead of D" if on_r else domain.labels[row["where"]],
        tested=str(row["tested"]),
        verdict=VERDICTS[row["verdict"]],
        before=Measured(row["gap_plain"], unit=domain.points),
        after=Measured(row["gap_remedy"], unit=domain.points),
        change=of("narrowed").turned,
        seen=Measured(0.0, note="one reference", unit=domain.points) if on_r else of("reference"),
        unseen=of("score"),
        seeds=row["n"],
    )


def _outcome(verdicts: list[str]) -> str:
    if not verdicts:
        return "no gap"
    if set(verdicts) == {"narrowed"}:
        return "narrowed"
    if "narrowed" in verdicts:
        return "mixed"
    return "not narrowed" if set(verdicts) <= {"not narrowed", "widened"} else "undecided"
