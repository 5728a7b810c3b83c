"""How scores and gaps are written: success in percent and points, returns as they are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis.comparisons import holm
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import IDLE, Measure
from tfrl.report.blocks import Cell
from tfrl.report.wording import MINUS, interval, listed, number, places, sample

VERDICTS = {
    "gap": "gap",
    "none": "no overfitting detected",
    "reverse": "better",
    "inconclusive": "inconclusive",
}


@dataclass(frozen=True)
class Unit:
    """What numbers of one measure look like."""

    noun: str
    scale: float
    sign: str  # after a score
    points: str  # after a difference
    most: int  # decimals at most

    def score(self, value: float, low: float = np.nan, high: float = np.nan) -> str:
        """As `61%`, with the digits that an interval warrants, or few."""
        few = 0 if self.sign else 1
        digits = self._digits(low, high) if low < high else few
        return f"{number(self.scale * value, digits)}{self.sign}"

    def difference(self, value: float, low: float = np.nan, high: float = np.nan) -> str:
        """As `12.3`, without its unit."""
        return number(self.scale * value, self._digits(low, high))

    def bounds(self, low: float, high: float) -> str:
        """As `3.1 to 9.4`; empty if there is no interval."""
        return interval(self.scale * low, self.scale * high, self._digits(low, high))

    def cell(self, row: pd.Series, value: str, before: str = "", after: str = "") -> Cell:
        """A difference above its interval, or above why there is none.

        Args:
          row: with the columns `value`, and low, high and note, each with `before` before it.
          after: what else stands below.
        """
        low, high, note = (row[f"{before}{part}"] for part in ("low", "high", "note"))
        below = self.bounds(low, high) or note
        text = self.difference(row[value], low, high)
        return Cell(text, "; ".join(filter(None, (below, after))), number=True)

    def _digits(self, low: float, high: float) -> int:
        return min(self.most, places(self.scale * low, self.scale * high))


PERCENT = Unit("success", 100.0, "%", " points", 1)
PLAIN = Unit("return", 1.0, "", "", 4)


def unit(measure: Measure) -> Unit:
    """That of success or of the return."""
    return PERCENT if measure.column == "success" else PLAIN


def estimates(
    rows: pd.DataFrame,
    names: Iterable[str],
    unit: Unit,
    value: str = "gap",
    before: str = "",
    signed: bool = False,
) -> str:
    """As `PPO 12 points (3 to 20) and APO 9 (1 to 17); 95% intervals, n = 5`.

    Args:
      rows: with the columns n and `value`, and low, high and note, each with `before` before it.
      signed: whether to write a plus sign.
    """
    found: list[str] = []
    for name, (_, row) in zip(names, rows.iterrows(), strict=True):
        low, high = row[f"{before}low"], row[f"{before}high"]
        text = unit.difference(row[value], low, high)
        if signed and not text.startswith(MINUS):
            text = f"+{text}"
        points = "" if found else unit.points
        bounds = unit.bounds(low, high) or row[f"{before}note"]
        found.append(f"{name} {text}{points} ({bounds})")
    if not found:
        return "not known, since no run has finished or learned enough"
    counts = [int(n) for n in rows["n"]]
    n = sample(*(counts if len(set(counts)) > 1 else counts[:1]))
    return f"{listed(found)}; {CONFIDENCE:.0%} interval{'s' if len(found) > 1 else ''}, {n}"


def badge(verdicts: pd.DataFrame, words: Mapping[str, str]) -> str:
    """How often each was given: as `gap in 2, better in 1, inconclusive in 5, of 8`.

    Adjusted for being several (Holm): what excludes 0 alone but not among so many is inconclusive.

    Args:
      verdicts: with the columns verdict and p.
      words: by verdict, in the order in which they are named.
    """
    if verdicts.empty:
        return "not known"
    adjusted = holm(verdicts["p"].fillna(1.0).to_numpy(float)) < 1 - CONFIDENCE
    found = verdicts["verdict"].where(
        adjusted | ~verdicts["verdict"].isin(["gap", "reverse"]), "inconclusive"
    )
    given, total = list(found), len(found)
    parts = [(word, given.count(key)) for key, word in words.items() if key in given]
    if len(parts) == 1:
        word, many = parts[0][0], total > 2
        none = word.startswith(("no ", "not "))
        several = ("either", f"any of {total}") if none else ("both", f"all {total}")
        return word if total == 1 else f"{word} in {several[many]}"
    return f"{', '.join(f'{word} in {count}' for word, count in parts)}, of {total}"


def counted(verdicts: Iterable[str], words: Mapping[str, str]) -> str:
    """How often each was given, unadjusted: as `3 wider, 1 inconclusive`."""
    given = list(verdicts)
    return ", ".join(f"{given.count(key)} {word}" for key, word in words.items() if key in given)


def judged(row: Mapping[str, Any]) -> str:
    """A verdict in a cell."""
    if row["note"] == IDLE:
        return "too little learned"
    return {**VERDICTS, "none": "not detected", "reverse": "better"}[row["verdict"]]
