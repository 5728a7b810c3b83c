"""Jinja filters of the templates: numbers, counts and lists in words, Markdown escapes."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from tfrl.report import estimates

_WORDS = [
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
]


def md(text: object) -> Markup:
    """Escapes a user's text for Markdown and HTML, on one line."""
    line = " ".join(str(text).split())
    escaped = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Markup(re.sub(r"([\\`*_\[\]|#~$])", r"\\\1", escaped))


def line(text: str) -> Markup:
    """Joins the lines of a text into one."""
    return Markup(re.sub(r"[ \n]+", " ", text).strip(" "))


def in_words(count: int) -> str:
    """Returns `twenty`; above that, digits."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else f"{count:,}"


def plural(count: int, noun: str, words: bool = False) -> str:
    """Returns `1 seed` or `20 seeds`; in words, `twenty seeds`."""
    text = in_words(count) if words else f"{count:,}"
    return f"{text} {noun}" + ("" if count == 1 else "s")


def all_of(count: int, noun: str) -> str:
    """Returns `All 12 gaps are`, `Both gaps are` or `The gap is`."""
    few = {1: f"The {noun} is", 2: f"Both {noun}s are"}
    return few.get(count, f"All {count:,} {noun}s are")


def listed(items: Sequence[Any], last: str = "and") -> Markup:
    """Returns `a, b and c`; escapes items that are not Markdown yet."""
    parts = [item if isinstance(item, Markup) else md(item) for item in items]
    if len(parts) < 2:
        return Markup("").join(parts)
    return Markup(", ").join(parts[:-1]) + Markup(f" {last} ") + parts[-1]


def capital(text: str) -> str:
    """Capitalises the first letter, and changes nothing else."""
    return type(text)(text[:1].upper() + text[1:])


def percent(share: float) -> str:
    """Returns `12%`; one decimal below 1% and above 99%; empty for NaN."""
    if not np.isfinite(share):
        return ""
    few = 0 < share < 0.01 or 0.99 < share < 1
    return f"{100 * share:.{1 if few else 0}f}%"


def p_value(p: float) -> str:
    """Returns `0.012`, or `< 0.001`; empty for NaN."""
    if not np.isfinite(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.4f}" if 0.0495 <= p < 0.05 else f"{p:.3f}"


def rough(value: float) -> str:
    """Returns three significant digits: `25,100`; empty for NaN."""
    if not np.isfinite(value) or value == 0:
        return "" if value else "0"
    digits = 2 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, digits):,.{max(0, digits)}f}"


FILTERS = {
    function.__name__: function
    for function in (
        *(md, line, in_words, plural, listed, capital, percent, p_value, rough),
        *(estimates.number, estimates.value, estimates.signed),
        *(estimates.interval, estimates.with_interval),
    )
} | {"all": all_of}
