"""Differences between two configurations: in rows of a table, of a figure, and in sentences."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tfrl.analysis.superiority import MOST_SEEDS
from tfrl.report.blocks import Cell, Note, Table
from tfrl.report.drawings import forest
from tfrl.report.performance import cells
from tfrl.report.style import Looks
from tfrl.report.wording import KEPT, MINUS, holding, number, plural, sample

MOST_PARTING = 10_000  # seeds
SHOWN = 15  # rows; the others are in the CSV only
HEAD = (
    "First beats second", "p, corrected", "Difference of means", "Effect size g", "Seeds needed",
    "Verdict",
)  # fmt: skip
PARTING = (
    "The seeds that would part intervals are a rough number: estimates are taken to stay, and "
    "intervals to narrow with the root of the number of seeds."
)


def label(row: pd.Series, looks: Looks) -> str:
    """As `APO - PPO`."""
    return f"{looks[row['a']].label} {MINUS} {looks[row['b']].label}"


def shown(pairs: pd.DataFrame, best: str | None) -> pd.DataFrame:
    """All pairs if they are few; else those with the best."""
    if len(pairs) <= SHOWN or best is None:
        return pairs.head(SHOWN)
    return pairs[(pairs["a"] == best) | (pairs["b"] == best)].head(SHOWN)


def table(
    title: str, slug: str, caption: str, pairs: pd.DataFrame, looks: Looks, best: str | None = None
) -> Table:
    """A row for each pair.

    Args:
      pairs: as `comparisons.compare` gives them.
      best: the configuration whose pairs are shown if there are too many.
    """
    rows = shown(pairs, best)
    if len(rows) < len(pairs):
        caption = f"{caption} Shown are {len(rows)} of {len(pairs)} pairs; the CSV has all."
    lines = tuple(tuple(line(row, label(row, looks), looks)) for _, row in rows.iterrows())
    head = (title, *HEAD)
    return Table(title, slug, caption, head, lines, pairs, (), "full pairs", holds(rows))


def holds(pairs: pd.DataFrame, *kinds: str) -> str:
    """How often the intervals of pairs hold; of all kinds that a table has if none is named."""
    counts = pairs[["n_a", "n_b"]].to_numpy().ravel()
    return holding(counts, *(kinds or ("difference", "effect size", "improvement")))


def line(row: pd.Series, name: str, looks: Looks) -> Iterator[Cell]:
    """One pair: its name and the cells of `HEAD`."""
    yield Cell(name, sample(row["n_a"], row["n_b"]))
    ends = row["improvement_low"], row["improvement_high"]
    yield cells.percents(row["improvement"], *ends, "needs two seeds on each side")
    yield _p(row)
    yield cells.estimate(row["difference"], row["low"], row["high"], row["difference_note"], True)
    yield cells.estimate(row["g"], row["g_low"], row["g_high"], row["g_note"], True)
    yield needed(row)
    yield Cell(verdict(row, looks))


def verdict(row: pd.Series, looks: Looks) -> str:
    """Which of both is higher, if any is shown to be."""
    if row["verdict"] == "inconclusive":
        return "inconclusive"
    winner = row["a"] if row["verdict"] == "a higher" else row["b"]
    return f"{looks[winner].label} higher"


def _p(row: pd.Series) -> Cell:
    if not np.isfinite(row["p_holm"]):
        return Cell(row["p_note"] or "no test", number=True)
    return Cell(p_value(row["p_holm"]), number=True)


def p_value(p: float) -> str:
    """Three decimals, or that it is below what they can show."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_said(p: float) -> str:
    """The same in a sentence, as `p = 0.012`."""
    return f"p {'' if p < 0.001 else '= '}{p_value(p)}"


def needed(row: pd.Series) -> Cell:
    """Seeds needed of each, and below how many there are."""
    has = f"has {min(row['n_a'], row['n_b'])}"
    if not np.isfinite(row["seeds_needed"]):
        return Cell(row["seeds_note"] or "not known", has, number=True)
    return Cell(number(row["seeds_needed"]), has, number=True)


def more(row: pd.Series) -> str:
    """How many more seeds of each would be needed to tell the two apart."""
    return lacking(row["seeds_needed"], row["seeds_note"], min(row["n_a"], row["n_b"]))


def lacking(needed: float, note: str, has: int) -> str:
    """As `12 more seeds needed`, or why that cannot be said."""
    if not np.isfinite(needed):
        many = f"more than {MOST_SEEDS:,}" if np.isinf(needed) else "not known"
        return f"seeds needed: {note or many}"
    if needed <= has:
        return f"{needed:.0f} seeds suffice for 80% power"
    return f"{plural(int(needed) - has, 'more seed')} needed".replace(" ", KEPT, 1)


def too_few(rows: pd.DataFrame) -> str:
    """That no verdict is possible with so few seeds among so many pairs; empty if one is."""
    tested = rows[rows[["n_a", "n_b"]].min(axis=1) > 1]
    if tested.empty:
        return ""
    has, least = int(tested[["n_a", "n_b"]].min(axis=1).max()), int(tested["seeds_least"].min())
    if has >= least:
        return ""
    among = plural(len(tested), "comparison")
    return (
        f"{plural(has, 'seed')} of each can give no verdict among {among}, however far apart they "
        f"are: that takes {least}."
    )


def parting(needed: float, has: int, whose: str = "") -> str:
    """How many more seeds would part intervals that overlap with `has`, to two digits."""
    if needed > MOST_PARTING:
        return f"more than {MOST_PARTING:,} seeds each would be needed to part the intervals{whose}"
    lacking = max(int(needed) - has, 1)
    about = round(lacking, 2 - len(str(lacking)))
    return f"about {plural(about, 'more seed')} each would part the intervals{whose}"


def ahead(row: pd.Series, best: str) -> tuple[float, float, float]:
    """The difference with its interval, as the lead of `best`."""
    if row["a"] == best:
        return row["difference"], row["low"], row["high"]
    return -row["difference"], -row["high"], -row["low"]


def lead(row: pd.Series, best: str) -> str:
    """The lead of `best` in a sentence, with its interval or else the p-value, and n."""
    value, low, high = ahead(row, best)
    note = p_said(row["p_holm"]) if np.isfinite(row["p_holm"]) else row["p_note"]
    return cells.said(value, low, high, note, row["n_a"], row["n_b"])


def wins(row: pd.Series, name: str) -> str:
    """How often a seed of `name` beats one of the other, as `93% (81% to 98%)`."""
    share = row["improvement"], row["improvement_low"], row["improvement_high"]
    if row["a"] != name:
        share = 1 - share[0], 1 - share[2], 1 - share[1]
    return cells.share_said(*share)


def estimates(pairs: pd.DataFrame, looks: Looks, what: str = "") -> list[forest.Row]:
    """Rows for a figure: the difference, or `what` other estimate of each pair."""
    value, low, high = (
        what or "difference",
        f"{what}_low" if what else "low",
        f"{what}_high" if what else "high",
    )
    note = f"{what or 'difference'}_note"  # an improvement has none: it always exists
    return [
        forest.Row(
            label(row, looks), row[value], row[low], row[high], row.get(note, ""),
            (looks[row["a"]].colour, looks[row["b"]].colour),
        )
        for _, row in pairs.iterrows()
    ]  # fmt: skip


def notes() -> tuple[Note, ...]:
    """How the numbers of a pair are computed."""
    return (
        Note(
            "First beats second, p",
            "The share of all pairs of a seed of the first and a seed of the second in which the "
            "first has the higher number, ties counting one half (Mann and Whitney's U; Agarwal et "
            "al. 2021). Its interval and p are those of a sign test with as many trials as the "
            "side with fewer seeds has, since the share varies no more than that, whatever the "
            "shapes (van Dantzig 1951). p is corrected for all pairs of the table (Holm 1979); "
            "below .05 the one that wins more often is called higher.",
        ),
        Note(
            "Difference of means",
            "Interval: Welch's t (1947). It says how much, and decides nothing: of two agents of "
            "equal mean, one of which collapses in a twentieth of its seeds, it excludes 0 in more "
            "than half of all studies of ten seeds (docs/verdicts.md).",
        ),
        Note(
            "Effect size g",
            "Hedges' g: the difference in pooled standard deviations, corrected for few seeds. By "
            "convention 0.2 is small and 0.8 is large.",
        ),
        Note(
            "Seeds needed",
            "Of each agent, for that verdict in 80% of simulated studies, whose seeds are drawn "
            "from those seen here, at .05 divided by the pairs of the table, which is the level "
            "that the correction holds the smallest p to. The seeds seen are themselves chance, so "
            "it is a rough number.",
        ),
    )
