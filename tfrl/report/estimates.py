"""Point estimates with intervals, and their text: success in percent, returns as they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pandas as pd

MINUS = "\N{MINUS SIGN}"
NO_BREAK = "\N{NO-BREAK SPACE}"
DIGITS = 5  # the most significant digits of a number


@dataclass(frozen=True)
class Unit:
    """The format of numbers of one kind."""

    scale: float = 1.0
    sign: str = ""  # behind a number
    most: int = 4  # decimals


PLAIN = Unit()
PERCENT = Unit(100.0, "%", 1)
POINTS = Unit(100.0, "", 1)  # differences of shares: from 90% to 80% is 10 points


@dataclass(frozen=True)
class IntervalEstimate:
    """A point estimate with its interval. NaN if not known; the note then says why."""

    value: float
    low: float = np.nan
    high: float = np.nan
    note: str = ""
    unit: Unit = PLAIN
    excluded: float = np.nan  # the interval does not contain this number, and must not round to it

    def __bool__(self) -> bool:
        """True if there is a number."""
        return bool(np.isfinite(self.value))

    @property
    def negated(self) -> "IntervalEstimate":
        """The same with the opposite sign."""
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    @property
    def digits(self) -> int:
        """Decimals to write: two digits of half the interval's width; few without an interval."""
        low, high = self.unit.scale * self.low, self.unit.scale * self.high
        if not self:
            return 0
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            return min(self.unit.most, decimals(self.unit.scale * self.value))
        largest = max(abs(low), abs(high))
        significant = DIGITS - 1 - int(np.floor(np.log10(largest)))
        half_width = int(np.clip(1 - np.floor(np.log10((high - low) / 2)), 0, 4))
        digits = int(np.clip(half_width, 0, min(self.unit.most, max(significant, 0))))
        line = self.unit.scale * self.excluded
        ends = (low, high)
        while digits < 2 and any(number(x, digits) == number(line, digits) != "" for x in ends):
            digits += 1
        return digits


def from_row(
    row: Mapping[str, Any] | pd.Series,
    column: str,
    unit: Unit = PLAIN,
    ends: str = "",
    limits: tuple[float, float] = (-np.inf, np.inf),
) -> IntervalEstimate:
    """Returns the estimate in a row of a table.

    Args:
      row: with `column`, `<ends>low`, `<ends>high`, and `<ends>note` or else `note`.
      ends: prefix of the columns of the interval.
      limits: the possible values, to which the interval is clipped.
    """
    low, high = np.clip([row[f"{ends}low"], row[f"{ends}high"]], *limits)
    note = row[f"{ends}note"] if f"{ends}note" in row else row["note"]
    return IntervalEstimate(row[column], low, high, note, unit)


def decimals(value: float) -> int:
    """Returns the decimals of a number without interval: 0 if whole or large, else 1 or 2."""
    rounded = abs(value) >= 100 or abs(value - round(value)) < 1e-9
    return 0 if rounded else 1 if abs(value) >= 1 else 2


def number(value: float, digits: int | None = None) -> str:
    """Returns `1,234`, with a true minus sign and no minus before a zero; empty for NaN."""
    if not np.isfinite(value):
        return ""
    digits = decimals(value) if digits is None else digits
    # Halves are rounded away from 0; Python would round them to the even digit.
    exact = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{exact:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def value(estimate: IntervalEstimate) -> str:
    """Returns `61%`, or the note if there is no number."""
    if not estimate:
        return estimate.note
    scaled = estimate.unit.scale * estimate.value
    return f"{number(scaled, estimate.digits)}{estimate.unit.sign}"


def signed(estimate: IntervalEstimate) -> str:
    """Returns `+61%` or `−61%`; no sign before zero."""
    text = value(estimate)
    above = bool(estimate) and estimate.value > 0 and any(c in "123456789" for c in text)
    return f"+{text}" if above else text


def interval(estimate: IntervalEstimate) -> str:
    """Returns `12 to 61` without line breaks, `from 12` if one end is open, or the note if none."""
    low, high = (estimate.unit.scale * end for end in (estimate.low, estimate.high))
    sign = estimate.unit.sign
    if not np.isfinite(low):
        return estimate.note
    digits = estimate.digits
    if not np.isfinite(high):
        return f"from{NO_BREAK}{number(low, digits)}{sign}"
    return f"{number(low, digits)}{sign}{NO_BREAK}to{NO_BREAK}{number(high, digits)}{sign}"


def with_interval(estimate: IntervalEstimate, *more: str) -> str:
    """Returns `37 (12 to 61; n = 20)`, where `more` follows the interval in the brackets."""
    inside = "; ".join(part for part in (interval(estimate), *more) if part)
    if not estimate:
        return estimate.note
    return f"{value(estimate)} ({inside})" if inside else value(estimate)
