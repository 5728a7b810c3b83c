"""Error rates and power of verdicts, from simulated studies.

    python -m bench.verdicts

Writes docs/verdicts.md, in a few minutes.
"""

import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import jinja2
import numpy as np
from scipy import stats

from bench.nulls import GAPS, NULLS, SIZES, TIMES, typical
from tfrl.analysis import shares, sign_test
from tfrl.analysis.sign_test import ALPHA, Differences, least_seeds, p_values

PAGE = Path(__file__).parents[1] / "docs" / "verdicts.md"
REPETITIONS, FEW = 10_000, 2_000
SHIFTS = (0.5, 1.0, 2.0)  # in standard deviations
SEEDS = (5, 10, 20, 50)
PAIRED = (6, 10, 20)  # seeds; at least as many as a verdict needs

Draw = Callable[[np.random.Generator, object], np.ndarray]


def main() -> None:
    """Simulates studies and writes the page."""
    rng = np.random.default_rng(0)
    template = jinja2.Template(
        (Path(__file__).parent / "verdicts.md").read_text(),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    rates = {
        name: {size: drawn(rng, draws, size, p_values) for size in SIZES}
        for name, draws in NULLS.items()
    }
    PAGE.write_text(
        template.render(
            repetitions=REPETITIONS,
            few=FEW,
            error=100 * np.sqrt(ALPHA * (1 - ALPHA) / REPETITIONS),
            few_error=100 * np.sqrt(0.025 * 0.975 / FEW),
            means=table(
                ["seeds of each", *map(str, SEEDS)],
                [["Welch", *(percent(rare_falls(rng, n)) for n in SEEDS)]],
            ),
            nulls=of_pairs(rates),
            others=of_other_tests(rng, rates),
            family=percent(
                max(6 * np.mean(p[size] < ALPHA / 6) for p in rates.values() for size in SIZES)
            ),
            margins=of_margins(rng),
            gaps=of_gaps(rng),
            failing=of_shares(),
            times=of_times(rng),
            power=of_power(rng),
            least=least_seeds(ALPHA),
            least_of_six=least_seeds(ALPHA / 6),
            least_of_twenty=least_seeds(ALPHA / 20),
        )
    )
    print(f"Written to {PAGE.relative_to(PAGE.parents[1])}")


def of_pairs(rates: dict[str, dict[tuple[int, int], np.ndarray]]) -> str:
    """Returns a table of false verdicts on one pair; neither side wins more often."""
    rows = [
        [name, *(percent(np.mean(found[size] < ALPHA)) for size in SIZES)]
        for name, found in rates.items()
    ]
    return table(["seeds", *(f"{n} and {m}" for n, m in SIZES)], rows)


def of_other_tests(
    rng: np.random.Generator, rates: dict[str, dict[tuple[int, int], np.ndarray]]
) -> str:
    """Returns the same table for twenty seeds per side, with two tests of other hypotheses."""
    rows = [
        [
            name,
            percent(np.mean(found[20, 20] < ALPHA)),
            percent(np.mean(drawn(rng, NULLS[name], (20, 20), mann_whitney) < ALPHA)),
            percent(np.mean(drawn(rng, NULLS[name], (20, 20), welch) < ALPHA)),
        ]
        for name, found in rates.items()
    ]
    return table(["", "here", "Mann and Whitney", "Welch"], rows)


def of_margins(rng: np.random.Generator) -> str:
    """Returns a table of verdicts on size; the typical difference equals the margin."""
    rows = []
    for name, draws in NULLS.items():
        a, b = (draw(np.random.default_rng(1), 100_000) for draw in draws)
        margin = 0.2 * (np.ptp(np.quantile(a, [0.1, 0.9])) + np.ptp(np.quantile(b, [0.1, 0.9])))
        margin = max(round(margin), 1)  # an integer, so that sums with it are exact
        shift = margin - typical(draws)
        row = [name]
        for n in PAIRED:
            found = [
                Differences.between(draws[0](rng, n) + shift, draws[1](rng, n)).verdict(margin)
                for _ in range(FEW)
            ]
            alike = found.count((sign_test.EQUIVALENT, ""))
            much = found.count((sign_test.HIGHER, sign_test.AS_MUCH))
            row.append(f"{percent(alike / FEW)} and {percent(much / FEW)}")
        rows.append(row)
    return table(["seeds of each", *map(str, PAIRED)], rows)


def of_gaps(rng: np.random.Generator) -> str:
    """Returns a table of false verdicts on gaps: "gap", and "none" at the margin."""
    margin, rows = 0.05, []
    for name, draw in GAPS.items():
        centre = np.median(draw(np.random.default_rng(1), 1_000_000))
        row = [name]
        for n in PAIRED:
            gap = none = 0
            for _ in range(FEW):
                seeds = draw(rng, n) - centre
                low, high = Differences.within(seeds).interval()
                gap += low > 0 or high < 0
                none += high + margin < margin  # the same seeds, shifted to the margin
            row.append(f"{percent(gap / FEW)} and {percent(none / FEW)}")
        rows.append(row)
    return table(["seeds", *map(str, PAIRED)], rows)


def of_shares() -> str:
    """Returns a table of the maximum of false verdicts over all shares, by enumeration."""
    rows = []
    for n, m in SIZES:
        decided = np.array(
            [[shares.p_value(i, n, j, m) < ALPHA for j in range(m + 1)] for i in range(n + 1)]
        )
        worst = max(
            (
                np.outer(
                    stats.binom.pmf(np.arange(n + 1), n, share),
                    stats.binom.pmf(np.arange(m + 1), m, share),
                )
                * decided
            ).sum()
            for share in np.linspace(0.005, 0.995, 199)
        )
        rows.append(percent(worst))
    return table(["seeds", *(f"{n} and {m}" for n, m in SIZES)], [["most false", *rows]])


def of_times(rng: np.random.Generator) -> str:
    """Returns a table of false verdicts on who is first, by this test and by log-rank tests."""
    rows = []
    for name, (first, second) in TIMES.items():
        a, b = first(rng, (FEW, 20)), second(rng, (FEW, 20))
        here = np.mean(p_values(-np.minimum(a, 1.0), -np.minimum(b, 1.0)) < ALPHA)
        rank = np.mean([log_rank(x, y) < ALPHA for x, y in zip(a, b, strict=True)])
        rows.append([name, percent(here), percent(rank)])
    return table(["", "here", "log-rank"], rows)


def of_power(rng: np.random.Generator) -> str:
    """Returns a table of the power to detect a shift."""
    rows = [
        [f"{shift:g}, {name}", *(percent(powerful(rng, shift, n, test)) for n in SEEDS)]
        for shift in SHIFTS
        for name, test in (("here", p_values), ("Mann and Whitney", mann_whitney))
    ]
    return table(["shift, test", *map(str, SEEDS)], rows)


def drawn(
    rng: np.random.Generator, draws: tuple[Draw, Draw], size: tuple[int, int], test: Callable
) -> np.ndarray:
    """Returns the p-values [REPETITIONS] of studies with scores of two distributions."""
    a, b = (draw(rng, (REPETITIONS, n)) for draw, n in zip(draws, size, strict=True))
    return test(a, b)


def powerful(rng: np.random.Generator, shift: float, n: int, test: Callable) -> float:
    """Returns the share of studies in which a shift is detected."""
    a, b = rng.normal(size=(2, REPETITIONS, n))
    return float(np.mean(test(a + shift, b) < ALPHA))


def rare_falls(rng: np.random.Generator, n: int) -> float:
    """Returns the share of studies in which Welch's test rejects two equal means."""
    falls = np.where(rng.random((REPETITIONS, n)) < 0.05, 400.0, 0.0)
    a = rng.normal(500, 10, (REPETITIONS, n)) - falls
    return float(np.mean(welch(a, rng.normal(480, 10, (REPETITIONS, n))) < ALPHA))


def mann_whitney(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the p-values of Mann and Whitney's test, one per row."""
    return stats.mannwhitneyu(a, b, axis=1, method="asymptotic").pvalue


def welch(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the p-values of Welch's test, one per row; 1 if neither side has variance."""
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # from sides without variance
        return np.nan_to_num(stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue, nan=1.0)


def log_rank(a: np.ndarray, b: np.ndarray) -> float:
    """Returns the p-value of the log-rank test of two samples of times, censored at 1."""
    two = [stats.CensoredData.right_censored(np.minimum(x, 1.0), x > 1.0) for x in (a, b)]
    return float(stats.logrank(*two).pvalue)


def percent(share: float) -> str:
    """Formats a share in percent with one decimal."""
    return f"{100 * share:.1f}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a Markdown table with right-aligned numbers."""
    first, *others = head
    lines = [f"| {' | '.join([first, *others])} |", f"|---|{'---:|' * len(others)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    main()
