"""The chapter on APO's ablations: what helps, and what does not."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tfrl.analysis import apo, stability
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import RUN
from tfrl.report.blocks import (
    Answer,
    Cell,
    Method,
    Note,
    Paragraph,
    Part,
    Picture,
    Section,
    Table,
)
from tfrl.report.drawings import dots, forest
from tfrl.report.performance import cells, pairs
from tfrl.report.performance.ground import Ground, ablated
from tfrl.report.records import agent
from tfrl.report.wording import listed, plural

ASKED = "what of APO helps"
MEASURES = {  # name: what it is, and what is said of more and of less
    "final": ("final return", "higher", "lower"),
    "area": ("return over all of training", "higher", "lower"),
    "drawdown": ("maximum drawdown", "larger", "smaller"),
}
RETURNS = ("area", "final")  # those that the answer is about


def find(ground: Ground) -> pd.DataFrame:
    """As `apo.ablations`: empty if the study has no ablation of APO."""
    if not ablated(ground.settings):
        return pd.DataFrame()
    falls = stability.over_time(ground.averages, ground.steps)
    falls = falls.rename(columns={"drawdown": "score"})[[*RUN, "score"]].dropna()
    scores = {"final": ground.final, "area": ground.area, "drawdown": falls}
    return apo.ablations(scores, ground.settings)


def verdict(ground: Ground, found: pd.DataFrame) -> Answer:
    """What differs from plain APO, in one sentence."""
    rows = found[(found["b"] == found["b"].iloc[0]) & found["measure"].isin(RETURNS)]
    names = (rows.loc[rows["verdict"] == side, "a"].nunique() for side in ("a higher", "b higher"))
    better, worse = (f"{count or 'none'}" for count in names)
    said = answer(ground, found).evidence[: 2 if pairs.too_few(found) else 1]
    return Answer(f"{ground.environment.id}: what helps?", f"{better} better, {worse} worse", said)


def answer(ground: Ground, found: pd.DataFrame) -> Answer:
    """A sentence for plain APO and one for PPO: which configurations return more, and which less.

    All else, with its numbers, is said below the figures.
    """
    references = found.loc[found["measure"].isin(RETURNS), "b"].unique()[:2].astype(str)
    few = pairs.too_few(found[found["measure"] == RETURNS[0]])
    said = [few] if few else []
    said += [_brief(ground, name, found[found["b"] == name]) for name in references]
    sure = (found["verdict"] != "inconclusive").sum()
    return Answer("", f"{sure} of {len(found)} comparisons are conclusive", tuple(said))


def _brief(ground: Ground, reference: str, rows: pd.DataFrame) -> str:
    """As `Against APO (n = 10): final return inconclusive (12 more seeds needed for k1); ...`."""
    parts = []
    for measure in RETURNS:
        mine, (what, *words) = rows[rows["measure"] == measure], MEASURES[measure]
        sides = _sides(ground, mine, words, brief=True)
        if sides or len(mine):
            parts.append(f"{what} {sides or _unsure(ground, mine)}")
    name = ground.looks[reference].label
    return f"Against plain {name} ({_sample(rows)}): {'; '.join(parts)}."


def _unsure(ground: Ground, rows: pd.DataFrame) -> str:
    """That nothing is sure, and which configuration would take fewest seeds to be."""
    if not np.isfinite(rows["seeds_needed"]).any():
        return "inconclusive"
    nearest = rows.loc[rows["seeds_needed"].fillna(np.inf).idxmin()]
    return f"inconclusive ({ground.looks[nearest['a']].label}, the nearest: {pairs.more(nearest)})"


def details(ground: Ground, reference: str, rows: pd.DataFrame) -> str:
    """All that differs from one configuration, with numbers."""
    parts, unsure = [], []
    for measure, (what, *words) in MEASURES.items():
        mine = rows[rows["measure"] == measure]
        sides = _sides(ground, mine, words)
        parts += [f"{what} {sides}"] if sides else []
        unsure += [] if sides or mine.empty else [what]
    if unsure:
        parts.append(f"inconclusive in {listed(unsure)}")
    return f"Against {ground.looks[reference].label} ({_sample(rows)}): {'; '.join(parts)}."


def _sides(ground: Ground, rows: pd.DataFrame, words: Sequence[str], brief: bool = False) -> str:
    """With which configurations there is more of a measure, and with which less, beyond doubt.

    Args:
      words: for more and for less.
      brief: that only the largest difference shall have its numbers.
    """
    parts = []
    for side, word in zip(("a higher", "b higher"), words, strict=True):
        mine = rows[rows["verdict"] == side]
        mine = mine.loc[mine["difference"].abs().sort_values(ascending=False).index]
        labels = [ground.looks[name].label for name in mine["a"]]
        sizes = [f"{ground.looks[row['a']].label} by {_size(row)}" for _, row in mine.iterrows()]
        if brief and len(sizes) > 1:
            sizes = [f"{sizes[0]}, and by less with {listed(labels[1:])}"]
        parts += [f"{word} with {listed(sizes)}"] if sizes else []
    return ", ".join(parts)


def _size(row: pd.Series) -> str:
    value, low, high = pairs.ahead(row, row["a"] if row["difference"] > 0 else row["b"])
    bounds = cells.span(low, high) or row["difference_note"]
    if not low > 0:  # the verdict is about how often it is higher
        bounds += f"; {pairs.p_said(row['p_holm'])}"
    return f"{cells.figure(value, low, high)} ({bounds})"


def _sample(rows: pd.DataFrame) -> str:
    """How many seeds are compared with how many."""
    counts = sorted({*rows["n_a"], *rows["n_b"]})
    return f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"


def first(grounds: Sequence[Ground]) -> Picture:
    """Every seed of every configuration, for the first screen: a column for each environment."""
    found = [(one.environment.id, one.area) for one in grounds]
    what, looks = MEASURES["area"][0], grounds[0].looks
    wide, narrow = (dots.lined_up(found, what, looks, narrow) for narrow in (False, True))
    caption = (
        f"Every dot is one seed: its {what}, which counts how early it learns as well. What "
        "differs within a row is chance alone; the tick is the median."
    )
    where = listed([one.environment.id for one in grounds])
    alt = f"A row of dots for each of {plural(len(looks), 'configuration')} on {where}. {caption}"
    return Picture("all-ablations", alt, caption, wide, narrow)


def section(ground: Ground, found: pd.DataFrame) -> Section:
    """The answer, a figure and a table for each side of the comparison, and how it was computed."""
    parts: list[Part] = [answer(ground, found)]
    for against in found["b"].unique():
        rows = found[found["b"] == against]
        parts += [_picture(ground, rows, str(against))]
        parts += [Paragraph(details(ground, str(against), rows))]
        parts += [_table(ground, rows, str(against))]
    parts.append(Method(_notes()))
    return Section(f"{ground.name}-ablations", f"W{ASKED[1:]}?", tuple(parts))


def _picture(ground: Ground, rows: pd.DataFrame, against: str) -> Picture:
    """A panel for each measure, a row for each configuration."""
    panels = [
        forest.Panel(
            what.capitalize(), f"difference to {ground.looks[against].label}",
            [_row(ground, row) for _, row in rows[rows["measure"] == measure].iterrows()], 0,
        )
        for measure, (what, *_) in MEASURES.items()
    ]  # fmt: skip
    wide, narrow = (forest.forest(panels, narrow) for narrow in (False, True))
    label = ground.looks[against].label
    caption = (
        f"Each configuration minus {label}, {CONFIDENCE:.0%} intervals. Less drawdown is steadier, "
        "or has learned less that could be lost: read it beside the returns."
    )
    alt = f"A row for each configuration in each of {len(panels)} measures. {caption}"
    slug = f"{ground.name}-against-{against}"
    return Picture(slug, alt, caption, wide, narrow)


def _row(ground: Ground, row: pd.Series) -> forest.Row:
    colour = ground.looks[row["a"]].colour
    ends = row["difference"], row["low"], row["high"], row["difference_note"]
    return forest.Row(ground.looks[row["a"]].label, *ends, (colour, colour))


def _table(ground: Ground, rows: pd.DataFrame, against: str) -> Table:
    """A row for each configuration: what it changes, and the difference in each measure."""
    lines = []
    for name, mine in rows.groupby("a", sort=False, observed=True):
        changed = str(mine["changed"].iloc[0]) or "the plain one"
        line = [agent(ground.looks[str(name)]), Cell(changed)]
        by_measure = mine.set_index("measure")
        line += [
            _difference(by_measure.loc[key], *words)
            if key in by_measure.index
            else Cell("no value", number=True)
            for key, (_, *words) in MEASURES.items()
        ]
        lines.append(tuple(line))  # fmt: skip
    label = ground.looks[against].label
    head = ("Configuration", "What differs", *(what.capitalize() for what, *_ in MEASURES.values()))
    caption = (
        f"Means minus those of {label}; below, {CONFIDENCE:.0%} intervals, and the verdict where "
        "p, corrected for all that this section compares by that measure, is below .05."
    )
    slug = f"{ground.name}-against-{against}"
    name, holds = f"Against {label}", pairs.holds(rows, "difference")
    return Table(name, slug, caption, head, tuple(lines), rows, holds=holds)


def _difference(row: pd.Series, more: str, less: str) -> Cell:
    cell = cells.estimate(row["difference"], row["low"], row["high"], row["difference_note"], True)
    if row["verdict"] == "inconclusive":
        return cell
    word = more if row["verdict"] == "a higher" else less
    return Cell(cell.text, f"{cell.detail}; {word}", number=True)


def _notes() -> tuple[Note, ...]:
    return (
        Note(
            "What is compared",
            "Each configuration of APO and PPO minus plain APO, and minus plain PPO, on the same "
            "seeds. Interval of the difference of means: Welch's t. Verdict: the one configuration "
            "has the higher number in more than half of all pairs of seeds, with a p below .05 "
            "after Holm's correction for all comparisons by one measure here. Question 1 "
            "corrects for fewer, so that APO against PPO can be conclusive there and not here. "
            "That one configuration can be told from PPO and another cannot does not mean that "
            "these two differ: for that, see those against APO.",
        ),
        Note(
            "Several learners",
            "Steps are counted of all learners together, so each takes its share of the budget; "
            "scores are those of the first. Shared anchors are therefore held against the same "
            "learners apart.",
        ),
        Note(
            "Maximum drawdown",
            f"How far a run's learning curve, on a grid of {stability.POINTS} steps, sank below "
            "its own best so far, at its deepest. An agent that learns nothing has none.",
        ),
    )
