"""Numbers and phrases, as the whole page writes them."""

from collections.abc import Sequence

import numpy as np

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.harness.study import Study

MINUS = "\N{MINUS SIGN}"
KEPT = "\N{NO-BREAK SPACE}"
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def number(value: float, digits: int = 0) -> str:
    """With so many decimals, thousands separated, a true minus sign, and no minus before a zero."""
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def places(low: float, high: float) -> int:
    """Decimals that an interval warrants: those that show two digits of half its width.

    One decimal if there is no interval.
    """
    half = (high - low) / 2
    if not np.isfinite(half) or half <= 0:
        return 1
    return int(np.clip(1 - np.floor(np.log10(half)), 0, 4))


def interval(low: float, high: float, digits: int | None = None) -> str:
    """As `497.1 to 500.3`, kept on one line; empty if there is none, words if it has no width.

    With so many decimals, or as many as it warrants.
    """
    if not np.isfinite(low):
        return ""
    if low == high:
        return f"no spread in at least {CONFIDENCE:.0%} of resamples"
    digits = places(low, high) if digits is None else digits
    return KEPT.join([number(low, digits), "to", number(high, digits)])


def sample(*counts: int) -> str:
    """As `n = 20` or `n = 20 and 19`, kept on one line."""
    return KEPT.join(["n", "=", listed([str(count) for count in counts]).replace(" ", KEPT)])


def whole(value: float) -> int:
    """Decimals of a number that has no interval: none if it is whole, else one."""
    return 0 if value == round(value) else 1


def plural(count: int, noun: str) -> str:
    """As `1 run`, `20 runs`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """As `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def question(study: Study, seeds: Sequence[int], asked: Sequence[str]) -> str:
    """What the study asks, in one sentence that ends in the questions `asked`.

    Args:
      seeds: the distinct numbers of seeds that its configurations have.
    """
    count = len(study.configurations)
    pipelines = len({configuration.pipeline for configuration in study.configurations})
    agents = _counted(pipelines, "agent")
    if pipelines < count:
        agents = f"{_counted(count, 'configuration')} of {agents}"
    agents = agents.capitalize()
    where = listed(list(dict.fromkeys(environment.id for environment in study.environments)))
    each = " each" if count > 1 and len(seeds) == 1 else ""
    return (
        f"{agents} on {where}, {_counts(seeds)}{each}, {study.steps:,} "
        f"environment steps a run: {listed(asked)}?"
    )


def _counts(seeds: Sequence[int]) -> str:
    """As `20 seeds`, or `3 and 20 seeds`."""
    return plural(seeds[0], "seed") if len(seeds) == 1 else f"{listed([*map(str, seeds)])} seeds"


def _counted(count: int, noun: str) -> str:
    """As `one agent`, `four agents`."""
    return f"{_COUNTS[count] if count <= 10 else count} {noun}{'' if count == 1 else 's'}"
