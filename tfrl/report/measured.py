"""Numbers with their intervals, as text writes them: success in percent, returns as they are."""

from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

MINUS = "\N{MINUS SIGN}"
KEPT = "\N{NO-BREAK SPACE}"
DIGITS = 5  # significant ones that a number has at most


@dataclass(frozen=True)
class Unit:
    """How numbers of one kind are written."""

    scale: float = 1.0
    sign: str = ""  # behind a number
    most: int = 4  # decimals


PLAIN = Unit()
PERCENT = Unit(100.0, "%", 1)
POINTS = Unit(100.0, "", 1)  # differences of shares: from 90% to 80% is 10 points


@dataclass(frozen=True)
class Measured:
    """A number with its interval; NaN for what there is not, and then the note says why."""

    value: float
    low: float = np.nan
    high: float = np.nan
    note: str = ""
    unit: Unit = PLAIN
    excluded: float = np.nan  # what the interval lies beyond for sure, and has to show it

    def __bool__(self) -> bool:
        """Whether there is a number."""
        return bool(np.isfinite(self.value))

    @property
    def turned(self) -> "Measured":
        """The same with the other sign."""
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    @property
    def digits(self) -> int:
        """Decimals that the interval warrants; without one, few."""
        low, high = self.unit.scale * self.low, self.unit.scale * self.high
        if not self:
            return 0
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            return min(self.unit.most, whole(self.unit.scale * self.value))
        largest = max(abs(low), abs(high))
        significant = DIGITS - 1 - int(np.floor(np.log10(largest)))
        digits = int(np.clip(places(low, high), 0, min(self.unit.most, max(significant, 0))))
        line = self.unit.scale * self.excluded
        ends = (low, high)
        while digits < 2 and any(number(x, digits) == number(line, digits) != "" for x in ends):
            digits += 1
        return digits


def places(low: float, high: float) -> int:
    """Decimals that show two digits of half an interval's width."""
    half = (high - low) / 2
    if not np.isfinite(half) or half <= 0:
        return 1
    return int(np.clip(1 - np.floor(np.log10(half)), 0, 4))


def whole(value: float) -> int:
    """Decimals of a number that has no interval: none if it is whole or large, else one or two."""
    rounded = abs(value) >= 100 or abs(value - round(value)) < 1e-9
    return 0 if rounded else 1 if abs(value) >= 1 else 2


def number(value: float, digits: int | None = None) -> str:
    """With thousands separated, a true minus sign, and no minus before a zero."""
    if not np.isfinite(value):
        return ""
    digits = whole(value) if digits is None else digits
    # Halves go away from 0; Python rounds them to the even digit, so 66.5 and 67.5 would both lose.
    exact = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{exact:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def value(measured: Measured) -> str:
    """As `61%`; the note where there is no number."""
    if not measured:
        return measured.note
    scaled = measured.unit.scale * measured.value
    return f"{number(scaled, measured.digits)}{measured.unit.sign}"


def signed(measured: Measured) -> str:
    """The same with a plus sign before what is above 0."""
    text = value(measured)
    above = bool(measured) and measured.value > 0 and any(c in "123456789" for c in text)
    return f"+{text}" if above else text


def interval(measured: Measured) -> str:
    """As `12 to 61`, kept on one line; `from 12` if an end is open; the note if there is none."""
    low, high = (measured.unit.scale * end for end in (measured.low, measured.high))
    sign = measured.unit.sign
    if not np.isfinite(low):
        return measured.note
    digits = measured.digits
    if not np.isfinite(high):
        return f"from{KEPT}{number(low, digits)}{sign}"
    return f"{number(low, digits)}{sign}{KEPT}to{KEPT}{number(high, digits)}{sign}"


def with_interval(measured: Measured, *more: str) -> str:
    """As `37 (12 to 61)`, and what else is to stand in the brackets."""
    inside = "; ".join(part for part in (interval(measured), *more) if part)
    if not measured:
        return measured.note
    return f"{value(measured)} ({inside})" if inside else value(measured)
