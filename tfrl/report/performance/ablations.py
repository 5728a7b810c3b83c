"""The chapter on APO's ablations: what helps, and what does not."""

import pandas as pd

from tfrl.analysis import apo, stability
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import RUN
from tfrl.report.blocks import Answer, Cell, Method, Note, Part, Picture, Section, Table
from tfrl.report.drawings import forest
from tfrl.report.performance import cells, pairs
from tfrl.report.performance.ground import Ground, ablated
from tfrl.report.records import agent
from tfrl.report.wording import MINUS, listed

CLAIM = "What of APO helps?"
MEASURES = {  # name: what it is, and what is said of more and of less
    "final": ("final return", "higher", "lower"),
    "area": ("return over all of training", "higher", "lower"),
    "drawdown": ("maximum drawdown", "larger", "smaller"),
}


def find(ground: Ground) -> pd.DataFrame:
    """As `apo.ablations`: empty if the study has no ablation of APO."""
    if not ablated(ground.settings):
        return pd.DataFrame()
    falls = stability.over_time(ground.averages, ground.steps)
    falls = falls.rename(columns={"drawdown": "score"})[[*RUN, "score"]].dropna()
    scores = {"final": ground.final, "area": ground.area, "drawdown": falls}
    return apo.ablations(scores, ground.settings)


def answer(ground: Ground, found: pd.DataFrame) -> Answer:
    """A sentence for each reference: which configurations differ from it, and how."""
    said = [_against(ground, str(name), found[found["b"] == name]) for name in found["b"].unique()]
    sure, tested = found["verdict"] != "inconclusive", found["p_holm"].notna()
    return Answer("", f"{sure.sum()} of {tested.sum()} comparisons are conclusive", tuple(said))


def _against(ground: Ground, reference: str, rows: pd.DataFrame) -> str:
    parts, unsure = [], []
    for measure, (what, *words) in MEASURES.items():
        mine = rows[rows["measure"] == measure]
        sides = _sides(ground, mine, *words)
        parts += [f"{what} {sides}"] if sides else []
        unsure += [] if sides or mine.empty else [what]
    if unsure:
        parts.append(f"inconclusive in {listed(unsure)}")
    return f"Against {ground.looks[reference].label} ({_sample(rows)}): {'; '.join(parts)}."


def _sides(ground: Ground, rows: pd.DataFrame, more: str, less: str) -> str:
    """With which configurations there is more of a measure, and with which less, beyond doubt."""
    parts = []
    for verdict, word in (("a higher", more), ("b higher", less)):
        mine = rows[rows["verdict"] == verdict]
        names = [f"{ground.looks[row['a']].label} by {_size(row)}" for _, row in mine.iterrows()]
        parts += [f"{word} with {listed(names)}"] if names else []
    return ", ".join(parts)


def _size(row: pd.Series) -> str:
    value, low, high = pairs.ahead(row, row["a"] if row["difference"] > 0 else row["b"])
    bounds = cells.span(low, high) or row["difference_note"]
    if not low > 0:  # the verdict is the permutation test's
        bounds += f"; p = {pairs.p_value(row['p_holm'])}"
    return f"{cells.figure(value, low, high)} ({bounds})"


def _sample(rows: pd.DataFrame) -> str:
    """How many seeds are compared with how many."""
    counts = sorted({*rows["n_a"], *rows["n_b"]})
    return f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"


def section(ground: Ground, found: pd.DataFrame) -> Section:
    """The answer, a figure and a table for each side of the comparison, and how it was computed."""
    parts: list[Part] = [answer(ground, found)]
    for against in found["b"].unique():
        rows = found[found["b"] == against]
        parts += [_picture(ground, rows, str(against)), _table(ground, rows, str(against))]
    parts.append(Method(_notes()))
    return Section(f"{ground.name}-ablations", CLAIM, tuple(parts))


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
    return Picture(
        f"{ground.name}-against-{ground.settings[against][0]}", alt, caption, wide, narrow
    )


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
        "p, corrected for all rows of a measure, is below .05."
    )
    slug = f"{ground.name}-against-{ground.settings[against][0]}"
    return Table(f"Against {label}", slug, caption, head, tuple(lines), rows)


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
            f"Each configuration of APO and PPO {MINUS} PPO, and {MINUS} the study's plain APO, on "
            "the same seeds. Interval: Welch's t. Verdict: permutation p below .05 after Holm's "
            "correction for all rows of a measure. That one configuration is told from PPO and "
            "another is not makes no difference between the two: for that, see those against APO. "
            "In question 1 plain APO against PPO is judged with fewer beside it.",
        ),
        Note(
            "Several learners",
            "Steps are counted of all learners together, so each takes its share of the budget; "
            "scores are those of the first. Shared anchors are therefore held against the same "
            "learners apart.",
        ),
        Note(
            "Maximum drawdown",
            "How far a run's learning curve sank below its own best so far, at its deepest. An "
            "agent that learns nothing has none.",
        ),
    )
