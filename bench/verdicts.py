"""How often verdicts between two configurations are false, and how often they find a difference.

    python -m bench.verdicts

Simulates studies and writes docs/verdicts.md, in about a minute.
"""

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from scipy import stats

from bench.nulls import NULLS, SIZES
from tfrl.analysis.superiority import ALPHA, least_seeds, p_values

PAGE = Path(__file__).parents[1] / "docs" / "verdicts.md"
REPETITIONS = 10_000
SHIFTS = (0.5, 1.0, 2.0)  # in standard deviations
SEEDS = (5, 10, 20, 50)

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]

TEXT = """\
# How sure a verdict is

Written by `python -m bench.verdicts`, {repetitions:,} simulated studies for each number.

## What a verdict says

"A higher" means: a seed of A beats a seed of B more often than not. The share of all pairs of seeds
that A wins, ties counting one half, is compared with one half, by a sign test with as many trials
as the side with fewer seeds has. Several verdicts on a page are corrected together (Holm 1979).

The share of n x m pairs varies no more than that of min(n, m) independent pairs, whatever the two
distributions look like (van Dantzig 1951; Birnbaum and Klose 1957). So the verdict holds for agents
that collapse in a few seeds, for returns with a ceiling, and for unequal spreads.

## Why not the mean

Returns of deep RL have rare, deep falls. A mean over twenty seeds then depends on whether a fall is
among them, and no test knows those that are not. The page shows means with intervals, and gives no
verdict on them. How many seeds fail is counted on its own.

Two agents of equal mean, 480: one is near 500 but loses 400 in 5% of its seeds, the other is near
480 always. In percent of studies, Welch's test at 5% calls one mean higher, and its 95% interval
excludes the true difference of 0:

{means}

## False verdicts

In percent of studies in which neither wins more often: the verdict at 5%, of one pair. The error of
each number is about {error:.1f}.

{nulls}

The same at twenty seeds a side by other tests. Mann and Whitney's takes the two distributions to be
equal, where they are not; Welch's asks about means, which are not equal here.

{others}

With the correction for six pairs, four agents, at least one of six verdicts is false in at most
{family:.1f}% of studies.

## Power

In percent of studies: a verdict at 5%, where scores are normal and one side is higher by so many
standard deviations.

{power}

Fewer than {least} seeds a side can never give a verdict at 5%, and fewer than {least_of_six} none
among six pairs, even if one side wins every pair.
"""


def main() -> None:
    """Simulates, and writes the page."""
    rng = np.random.default_rng(0)
    rates = {
        name: {size: drawn(rng, draws, size, p_values) for size in SIZES}
        for name, draws in NULLS.items()
    }
    columns = [f"{n} and {m}" for n, m in SIZES]
    nulls = [
        [name, *(percent(np.mean(found[size] < ALPHA)) for size in SIZES)]
        for name, found in rates.items()
    ]
    family = max(6 * np.mean(found[size] < ALPHA / 6) for found in rates.values() for size in SIZES)
    twenty = [
        [
            name,
            percent(np.mean(found[20, 20] < ALPHA)),
            percent(np.mean(drawn(rng, NULLS[name], (20, 20), mann_whitney) < ALPHA)),
            percent(np.mean(drawn(rng, NULLS[name], (20, 20), welch) < ALPHA)),
        ]
        for name, found in rates.items()
    ]
    power = [
        [f"{shift:g}, {name}", *(percent(powerful(rng, shift, n, test)) for n in SEEDS)]
        for shift in SHIFTS
        for name, test in (("here", p_values), ("Mann and Whitney", mann_whitney))
    ]
    PAGE.write_text(
        TEXT.format(
            repetitions=REPETITIONS,
            error=100 * np.sqrt(ALPHA * (1 - ALPHA) / REPETITIONS),
            nulls=table(["seeds", *columns], nulls),
            means=table(
                ["seeds of each", *map(str, SEEDS)],
                [["Welch", *(percent(rare_falls(rng, n)) for n in SEEDS)]],
            ),
            others=table(["", "here", "Mann and Whitney", "Welch"], twenty),
            family=100 * family,
            power=table(["shift, test", *map(str, SEEDS)], power),
            least=least_seeds(ALPHA),
            least_of_six=least_seeds(ALPHA / 6),
        )
    )
    print(f"Written to {PAGE.relative_to(PAGE.parents[1])}")


def drawn(
    rng: np.random.Generator, draws: tuple[Draw, Draw], size: tuple[int, int], test: Callable
) -> np.ndarray:
    """The p-values `[REPETITIONS]` of studies with scores of two distributions."""
    a, b = (draw(rng, (REPETITIONS, n)) for draw, n in zip(draws, size, strict=True))
    return test(a, b)


def powerful(rng: np.random.Generator, shift: float, n: int, test: Callable) -> float:
    """In what share of studies a shift is found."""
    a, b = rng.normal(size=(2, REPETITIONS, n))
    return float(np.mean(test(a + shift, b) < ALPHA))


def rare_falls(rng: np.random.Generator, n: int) -> float:
    """In what share of studies Welch's test calls one of two equal means higher."""
    falls = np.where(rng.random((REPETITIONS, n)) < 0.05, 400.0, 0.0)
    a = rng.normal(500, 10, (REPETITIONS, n)) - falls
    return float(np.mean(welch(a, rng.normal(480, 10, (REPETITIONS, n))) < ALPHA))


def mann_whitney(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mann and Whitney's test of studies, row by row."""
    return stats.mannwhitneyu(a, b, axis=1, method="asymptotic").pvalue


def welch(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Welch's test of studies, row by row; 1 where neither side has spread."""
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of sides without spread
        return np.nan_to_num(stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue, nan=1.0)


def percent(share: float) -> str:
    """In percent, with a decimal."""
    return f"{100 * share:.1f}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown, numbers to the right."""
    first, *others = head
    lines = [f"| {' | '.join([first, *others])} |", f"|---|{'---:|' * len(others)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    main()
