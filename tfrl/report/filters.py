"""What the templates of a page can use: filters for numbers and lists."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from tfrl.report import measured

_WORDS = [
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
]


def md(text: object) -> Markup:
    """A user's text as Markdown and HTML show it, on one line."""
    line = " ".join(str(text).split())
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", escaped))


def line(text: str) -> Markup:
    """On one line."""
    return Markup(re.sub(r"[ \n]+", " ", text).strip(" "))


def in_words(count: int) -> str:
    """As `twenty`; beyond that, in digits."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else f"{count:,}"


def plural(count: int, noun: str, words: bool = False) -> str:
    """As `1 seed`, `20 seeds`; in words, `twenty seeds`."""
    said = in_words(count) if words else f"{count:,}"
    return f"{said} {noun}" + ("" if count == 1 else "s")


def all_of(count: int, noun: str) -> str:
    """As `All 12 gaps are`, `Both gaps are` or `The gap is`."""
    few = {1: f"The {noun} is", 2: f"Both {noun}s are"}
    return few.get(count, f"All {count:,} {noun}s are")


def listed(items: Sequence[Any], last: str = "and") -> Markup:
    """As `a, b and c`; what is not Markdown yet is escaped."""
    parts = [item if isinstance(item, Markup) else md(item) for item in items]
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + Markup(f" {last} ") + parts[-1]


def capital(text: str) -> str:
    """With a capital letter at the start, and nothing else changed."""
    return type(text)(text[:1].upper() + text[1:])


def percent(share: float) -> str:
    """As `12%`, with a decimal where there would be nothing to see."""
    if not np.isfinite(share):
        return ""
    few = 0 < share < 0.01 or 0.99 < share < 1
    return f"{100 * share:.{1 if few else 0}f}%"


def p_value(p: float) -> str:
    """As `0.012`, or that it is below what three decimals can show."""
    if not np.isfinite(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.4f}" if 0.0495 <= p < 0.05 else f"{p:.3f}"


def rough(value: float) -> str:
    """Three significant digits: 25,100."""
    if not np.isfinite(value) or value == 0:
        return "" if value else "0"
    digits = 2 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, digits):,.{max(0, digits)}f}"


FILTERS = {
    "md": md,
    "line": line,
    "in_words": in_words,
    "plural": plural,
    "all": all_of,
    "listed": listed,
    "capital": capital,
    "percent": percent,
    "p_value": p_value,
    "rough": rough,
    "number": measured.number,
    "value": measured.value,
    "signed": measured.signed,
    "interval": measured.interval,
    "with_interval": measured.with_interval,
}
