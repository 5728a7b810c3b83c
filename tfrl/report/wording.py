"""Numbers and phrases, as the whole page writes them."""

from collections.abc import Iterable, Sequence

import numpy as np

from tfrl.analysis import coverage
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
        return "no spread among most seeds"
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


SHAPES = {
    "even": "where scores are about normal",
    "capped": "where most scores are at a cap",
    "collapsed": "where a tenth of the seeds collapse",
}


def holding(counts: Iterable[float], *kinds: str) -> str:
    """How often intervals contain the true value, if some do not in about 95%; empty if all do.

    Args:
      counts: the numbers of seeds that they are of; said is what holds for the least.
      kinds: as `coverage.HOLDS` has them.
    """
    n = min((count for count in counts if count > 1), default=0)
    found = coverage.exceptions(kinds, n) if n else {}
    if not found:
        return ""
    at = f"{'At' if n == coverage.measured(n) else 'Near'} {sample(coverage.measured(n))}"
    if len(kinds) == 1:
        (kind,) = kinds
        parts = [f"in {those[kind]}% {SHAPES[shape]}" for shape, those in found.items()]
        held = listed(parts).replace("%", "% of simulated repetitions", 1)
        return f"{at} the interval of the {kind} contains the true value {held}, not in 95%."
    parts = [
        f"{SHAPES[shape]}: {', '.join(f'{kind} {share}%' for kind, share in those.items())}"
        for shape, those in found.items()
    ]
    least, most = coverage.KEPT
    usual = f"{least}% to {most}% of simulated repetitions"
    return f"{at} these contain the true value in {usual}, but {'; '.join(parts)}."


def holding_shares(counts: Iterable[float]) -> str:
    """The same of intervals of shares; empty if there is none."""
    n = int(min((count for count in counts if count > 0), default=0))
    if not n:
        return ""
    low, high = coverage.of_shares(n)
    return (
        f"At {sample(n)} the interval of a share between 10% and 90% contains it in {low:.0%} to "
        f"{high:.0%} of repetitions, as counts come in steps."
    )


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
