"""What is known to narrow a gap, and whether it did."""

from collections.abc import Sequence

import pandas as pd

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT, MARGIN
from tfrl.analysis.remedies import CHANGES
from tfrl.report.blocks import Answer, Cell, Note, Table
from tfrl.report.overfitting import findings
from tfrl.report.overfitting.findings import EVERYWHERE, ON_R, Family
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.units import estimates, tally, unit
from tfrl.report.wording import sample

EFFECTS = {
    "gap": "narrowed",
    "reverse": "widened",
    "none": "not narrowed",
    "inconclusive": "inconclusive",
}


def answer(families: Sequence[Family], looks: Looks) -> list[Answer]:
    """What the remedies did, mean over environments."""
    sentences: list[str] = []
    verdicts: list[str] = []
    rows = on_r(families)
    if len(rows):
        names, numbers = (
            [looks[name].label for name in rows["configuration"]],
            unit(families[0].measure),
        )
        narrowed = estimates(rows, names, numbers, "narrowed", "narrowed_")
        changed = estimates(rows, names, numbers, "score", "score_", signed=True)
        sentences.append(f"Training on R instead of D narrowed the gap to E by: {narrowed}.")
        sentences.append(f"It changed {numbers.noun} on E itself by: {changed}.")
        verdicts += rows["verdict"].tolist()
    for family in families:
        rows = family.remedies
        rows = rows[(rows["remedy"] != ON_R) & (rows["where"] == EVERYWHERE)]
        names = [looks[name].label for name in rows["remedy"]]
        if len(rows):
            narrowed = estimates(rows, names, unit(family.measure), "narrowed", "narrowed_")
            sentences.append(
                f"Regularised agents had a narrower gap on {family.id} than the same agent "
                f"without, by: {narrowed}."
            )
            verdicts += rows["verdict"].tolist()
    claim = "Do remedies narrow the gap?"
    return [Answer(claim, tally(verdicts, EFFECTS), tuple(sentences))] if sentences else []


def on_r(families: Sequence[Family]) -> pd.DataFrame:
    """Training on R instead of D, of each seed the mean over environments that have both."""
    able = [family for family in families if (family.remedies["remedy"] == ON_R).any()]
    able = [family for family in able if family.measure == able[0].measure]
    if not able:
        return pd.DataFrame()
    pairs = [findings.sides(family.environments, family.last(family.gaps)) for family in able]
    plain, remedied = (findings.pooled(parts) for parts in zip(*pairs, strict=True))
    return findings.compared(plain, remedied, able[0].measure, able[0].study.evaluation.episodes)


def table(family: Family, slug: str, looks: Looks) -> Table:
    """What each remedy changed."""
    numbers = unit(family.measure)
    rows = []
    for _, row in family.remedies.iterrows():
        widths = [numbers.difference(row[side]) for side in ("gap_plain", "gap_remedy")]
        rows.append(
            (
                _remedy(row, family, looks),
                Cell(" to ".join(widths), number=True),
                *(numbers.cell(row, change, f"{change}_") for change in CHANGES),
                Cell(EFFECTS[row["verdict"]], sample(row["n"])),
            )
        )
    head = ("Remedy", "Gap, from and to", "Narrowed by", "Change in training", "Change in test",
            "Verdict")  # fmt: skip
    caption = (
        f"Means over seeds{f', in{numbers.points} of {numbers.noun}' if numbers.points else ''}, "
        f"of the {family.policy} policy at the end of training; small, their {CONFIDENCE:.0%} "
        "intervals."
    )
    notes = (
        Note("Remedies", " ".join(_remedies(family, looks))),
        Note(
            "Pairs",
            "Each seed with the remedy is compared with the same seed without: both begin with the "
            "same weights and are evaluated on the same levels. Student's t over the differences.",
        ),
        Note(
            "Verdict",
            "Narrowed: the interval lies above 0. Widened: below. Not narrowed: it covers 0 and "
            f"excludes {MARGIN:.0%} of the possible range. Inconclusive: all else. A gap also "
            "narrows where an agent does worse on what it was trained on: read it with both "
            "changes.",
        ),
    )
    return Table(
        "Remedies", slug, caption, head, tuple(rows), family.remedies, notes, style="full gaps"
    )


def _remedies(family: Family, looks: Looks) -> list[str]:
    """What was done, a sentence each."""
    found = []
    for name, rows in family.remedies.groupby("remedy", sort=False):
        row = rows.iloc[0]
        if name == ON_R:
            found.append("On R: training on R instead of D; the gap is that to E.")
            continue
        tested = "that to unseen levels" if row["tested"] == HELD_OUT else "that to what is named"
        plain = looks[row["configuration"]].label
        found.append(f"{looks[name].label}: {plain} with {row['added']}; the gap is {tested}.")
    return found


def _remedy(row: pd.Series, family: Family, looks: Looks) -> Cell:
    """Which agent had a remedy, and which gap it is about."""
    if row["remedy"] == ON_R:
        return agent(looks[row["configuration"]], "on R, tested on E")
    where = family.labels.get(row["where"], "all of these")
    tested = "" if row["tested"] == HELD_OUT else f", tested on {row['tested']}"
    return agent(looks[row["remedy"]], f"trained on {where}{tested}")
