"""Cells and phrases of estimates: a number with its interval, or words where there is none."""

import numpy as np
import pandas as pd

from tfrl.report.blocks import Cell
from tfrl.report.wording import KEPT, interval, number, places, sample, whole


def estimate(value: float, low: float, high: float, note: str = "", signed: bool = False) -> Cell:
    """A number above its interval, or above why there is none; words if there is no number."""
    if not np.isfinite(value):
        return Cell(note or "no value", number=True)
    return Cell(figure(value, low, high, signed), span(low, high) or note, number=True)


def of(row: pd.Series, name: str, note: str = "note") -> Cell:
    """`estimate` of the columns name, name_low and name_high."""
    return estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], row[note])


def figure(value: float, low: float = np.nan, high: float = np.nan, signed: bool = False) -> str:
    """A number with the digits that its interval warrants."""
    text = number(value, places(low, high) if low < high else whole(value))
    return f"+{text}" if signed and value > 0 and float(text.replace(",", "")) > 0 else text


def span(low: float, high: float) -> str:
    """An interval, of which one end may be open; empty if there is none."""
    if np.isfinite(low) and not np.isfinite(high):
        return f"from{KEPT}{number(low, whole(low))}"
    return interval(low, high)


def said(value: float, low: float, high: float, note: str, *counts: int) -> str:
    """As `37 (12 to 61; n = 20 and 20)`, in a sentence."""
    if not np.isfinite(value):
        return f"not known ({note}; {sample(*counts)})"
    return f"{figure(value, low, high)} ({span(low, high) or note}; {sample(*counts)})"


def percent(share: float) -> str:
    """As `12%`, with a decimal where there would be nothing to see."""
    if not np.isfinite(share):
        return "not known"
    few = 0 < share < 0.01 or 0.99 < share < 1
    return f"{100 * share:.{1 if few else 0}f}%"


def share_said(share: float, low: float, high: float) -> str:
    """As `93% (81% to 98%)`, in a sentence."""
    bounds = f" ({percent(low)} to {percent(high)})" if np.isfinite(low) else ""
    return f"{percent(share)}{bounds}"


def percents(share: float, low: float, high: float, note: str = "") -> Cell:
    """A share above its interval."""
    if not np.isfinite(share):
        return Cell(note or "no value", number=True)
    bounds = f"{percent(low)}{KEPT}to{KEPT}{percent(high)}" if np.isfinite(low) else note
    return Cell(percent(share), bounds, number=True)


def plain(value: float, otherwise: str = "no value", digits: int | None = None) -> Cell:
    """A number that has no interval, or words."""
    if not np.isfinite(value):
        return Cell(otherwise, number=True)
    if digits is None:
        digits = 0 if abs(value) >= 100 or value == round(value) else 1 if abs(value) >= 1 else 2
    return Cell(number(value, digits), number=True)
