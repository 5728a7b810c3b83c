"""What is known to narrow a gap, and whether it did."""

from collections.abc import Sequence

import pandas as pd

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT, MARGIN
from tfrl.analysis.remedies import NO_GAP
from tfrl.report.blocks import Answer, Cell, Note, Table
from tfrl.report.overfitting.findings import ON_R, Family
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.units import Unit, badge, estimates, unit
from tfrl.report.wording import holding, sample

EFFECTS = {
    "gap": "narrowed",
    "reverse": "widened",
    "none": "not narrowed",
    "inconclusive": "inconclusive",
}


def answer(families: Sequence[Family], looks: Looks) -> list[Answer]:
    """What the remedies did, where there was a gap to narrow."""
    sentences: list[str] = []
    found: list[pd.DataFrame] = []
    for family in families:
        numbers = unit(family.measure)
        rows = family.remedies[family.remedies["verdict"] != NO_GAP]
        on_r = rows["remedy"] == ON_R
        found.append(rows)
        if on_r.any():
            names = [looks[name].label for name in rows.loc[on_r, "configuration"]]
            changed = estimates(rows[on_r], names, numbers, "score", "score_", signed=True)
            sentences.append(
                f"{family.id}: training on R instead of D changed {numbers.noun} on E, and so what "
                f"is lost there, by: {changed}."
            )
        for where, mine in rows[~on_r].groupby("where", sort=False):
            names = [looks[name].label for name in mine["remedy"]]
            changed = estimates(_turned(mine), names, numbers, "changed", "changed_", signed=True)
            label = family.labels[where]
            sentences.append(f"{family.id}, trained on {label}: changed the gap by {changed}.")
    if all(family.remedies.empty for family in families):
        return []
    claim, rows = "Do remedies narrow the gap?", pd.concat(found)
    if rows.empty:
        text = "Where a remedy was tried, no gap is detected without it."
        return [Answer(claim, NO_GAP, (text,))]
    return [
        Answer(claim, badge(rows.rename(columns={"narrowed_p": "p"}), EFFECTS), tuple(sentences))
    ]


def _turned(rows: pd.DataFrame) -> pd.DataFrame:
    """Adds by how much each gap changed: what it narrowed by, with the other sign."""
    return rows.assign(
        changed=-rows["narrowed"],
        changed_low=-rows["narrowed_high"],
        changed_high=-rows["narrowed_low"],
        changed_note=rows["narrowed_note"],
    )


def table(family: Family, slug: str, looks: Looks) -> Table:
    """What each remedy changed."""
    numbers = unit(family.measure)
    rows = []
    for _, row in _turned(family.remedies).iterrows():
        widths = [numbers.difference(row[side]) for side in ("gap_plain", "gap_remedy")]
        rows.append(
            (
                _remedy(row, family, looks),
                Cell(EFFECTS.get(row["verdict"], NO_GAP), sample(row["n"])),
                Cell(" to ".join(widths), number=True),
                numbers.cell(row, "changed", "changed_"),
                _in_training(row, numbers),
                numbers.cell(row, "score", "score_"),
            )
        )
    head = ("Remedy", "Verdict", "Gap, from and to", "Its change", "Change in training",
            "Change in test")  # fmt: skip
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
            "same weights and are evaluated on the same levels. Student's t over the differences "
            f"of seeds that learned both ways{_chance(family)}.",
        ),
        Note(
            "Verdict",
            "No gap detected: none is, taken alone, without the remedy. Narrowed: the interval of "
            "the change lies below 0. Widened: above. Not narrowed: it covers 0 and excludes "
            f"{MARGIN:.0%} of the possible range. Inconclusive: all else. The answer counts them "
            "where there is a gap to narrow, corrected for how many they are (Holm). A gap also "
            "narrows where an agent does worse on what it was trained on: read it with both "
            "changes. Conditions that are picked for their gap have one that is a little too "
            "large, without a remedy.",
        ),
    )
    return Table(
        "Remedies",
        slug,
        caption,
        head,
        tuple(rows),
        family.remedies.replace({"verdict": EFFECTS}),
        notes,
        "full gaps",
        holding(family.remedies["n"], family.kind),
    )


def _chance(family: Family) -> str:
    """What else an interval is made of where the levels trained on are few."""
    return ", with the chance of which levels are trained on" if family.finite else ""


def _in_training(row: pd.Series, numbers: Unit) -> Cell:
    """The change on what is trained on; what is lost on E is always held against training on E."""
    if row["remedy"] == ON_R:
        return Cell("none", "one reference", number=True)
    return numbers.cell(row, "reference", "reference_")


def _remedies(family: Family, looks: Looks) -> list[str]:
    """What was done, a sentence each."""
    found = []
    for name, rows in family.remedies.groupby("remedy", sort=False):
        row = rows.iloc[0]
        if name == ON_R:
            found.append(
                "On R: training on R instead of D; the gap is what is lost on E by not having "
                "trained there, so that it narrows by what success on E gains, and the reference, "
                "success of those that were, is one and the same."
            )
            continue
        tested = "that to unseen levels" if row["tested"] == HELD_OUT else "that to what is named"
        plain = looks[row["configuration"]].label
        found.append(f"{looks[name].label}: {plain} with {row['added']}; the gap is {tested}.")
    return found


def _remedy(row: pd.Series, family: Family, looks: Looks) -> Cell:
    """Which agent had a remedy, and which gap it is about."""
    if row["remedy"] == ON_R:
        return agent(looks[row["configuration"]], "on R, tested on E")
    where = family.labels[row["where"]]
    tested = "" if row["tested"] == HELD_OUT else f", tested on {row['tested']}"
    return agent(looks[row["remedy"]], f"trained on {where}{tested}")
