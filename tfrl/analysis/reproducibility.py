"""The effect of the choice of seeds on published results.

A/A test: the seeds of one configuration, split into two halves in every way. Henderson et al.
(2018), "Deep Reinforcement Learning that Matters", https://arxiv.org/abs/1709.06560, show one such
split. The splits share their seeds, so they describe this set of runs, and no interval is computed.

Wrong winner: how often k seeds of each of two agents give a different order than all seeds do. The
k seeds are drawn from the available ones without replacement, so for k close to n this is less
frequent than among new seeds.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import resampling
from tfrl.analysis.comparisons import all_pairs, by_configuration
from tfrl.analysis.returns import GROUP
from tfrl.analysis.sign_test import ALPHA

MOST_SPLITS = 200_000  # limit for enumeration, which covers up to 20 seeds
KS = (1, 2, 3, 5, 10)


@dataclass(frozen=True)
class AA:
    """An A/A test: one configuration against itself, over splits of its seeds into halves."""

    n: int
    splits: int
    exact: bool  # whether these are all splits
    differences: np.ndarray  # [splits] of the halves' means; the sign has no meaning
    rejected: float  # share of splits in which Welch's test has p < `ALPHA`; NaN without splits
    note: str


def aa(scores: np.ndarray, *key: str) -> AA:
    """Splits [n] scores into halves in all ways, or at random beyond `MOST_SPLITS` ways.

    Each way counts once: 126 for ten seeds, 92,378 for twenty. If n is odd, one half has one seed
    more. A split without variance on either side is significant if and only if the means differ.

    Args:
      key: names the scores; seeds the generator.
    """
    n = len(scores)
    if n < 4:
        return AA(n, 0, True, np.empty(0), np.nan, "needs four seeds")
    k, first = n // 2, _first_halves(n)
    exact = first is not None
    if first is None:
        rng = resampling.generator(*key, "splits")
        first, _ = resampling.splits(n, k, rng, MOST_SPLITS)
    if np.ptp(scores) == 0:
        return AA(n, len(first), exact, np.zeros(len(first)), 0.0, f"all {n} seeds equal")
    centred = (scores - scores.mean()) / np.ptp(scores)
    sums = first @ np.stack([centred, centred**2], axis=1)  # [S, 2]
    rest = np.array([0, (centred**2).sum()]) - sums
    halves = [(sums / k, k), (rest / (n - k), n - k)]  # means of score and square, and sizes
    u, v = (
        np.maximum(half[:, 1] - half[:, 0] ** 2, 0) / (size - 1)  # squared standard error
        for half, size in halves
    )
    difference = halves[0][0][:, 0] - halves[1][0][:, 0]
    rejected = _significant(difference, u, v, k, n - k).mean()
    return AA(n, len(first), exact, difference * np.ptp(scores), float(rejected), "")


def _significant(
    difference: np.ndarray, u: np.ndarray, v: np.ndarray, n: int, m: int
) -> np.ndarray:
    """Returns whether Welch's test rejects, bool [S].

    Args:
      difference: of the means, [S], in units of the range of the scores.
      u, v: squared standard errors of the means, [S].
      n, m: sizes of the halves.
    """
    spread = u + v > 1e-14  # smaller variances are rounding errors
    error = np.where(spread, u + v, 1.0)
    freedom = error**2 / np.maximum(u**2 / (n - 1) + v**2 / (m - 1), 1e-300)
    freedom = np.clip(freedom, min(n, m) - 1, n + m - 2)
    p = 2 * stats.t.sf(np.abs(difference) / np.sqrt(error), freedom)
    return np.where(spread, p < ALPHA, np.abs(difference) > 1e-9)


@functools.lru_cache(maxsize=4)
def _first_halves(n: int) -> np.ndarray | None:
    """Returns the first half in each split of n into halves, bool [S, n]; None if too many."""
    k = n // 2
    if math.comb(n, k) > MOST_SPLITS:
        return None
    picked = resampling.all_splits(n, k)
    # For even n, each split also occurs with its halves exchanged.
    return picked[picked[:, 0]] if n % 2 == 0 else picked


def aa_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Runs the A/A test of each configuration in each environment.

    Args:
      scores: [environment, configuration, seed, score].

    Returns:
      [environment, configuration, n, splits, exact, rejected, typical, largest, note]: `typical`
      and `largest` are the median and the maximum of the absolute difference of two halves' means;
      NaN without splits.
    """
    rows = []
    for key, group in scores.groupby(GROUP, observed=True)["score"]:
        test = aa(group.to_numpy(float), *map(str, key))
        sizes = np.abs(test.differences)
        rows.append(
            dict(zip(GROUP, key, strict=True))
            | {"n": test.n, "splits": test.splits, "exact": test.exact}
            | {
                "rejected": test.rejected,
                "typical": np.median(sizes) if len(sizes) else np.nan,
                "largest": sizes.max() if len(sizes) else np.nan,
                "note": test.note,
            }
        )
    return pd.DataFrame(rows)


def as_far(split: AA, a: np.ndarray, b: np.ndarray, *key: str) -> float:
    """Computes how often halves of one configuration differ as much as halves of two do.

    Both sides are means of equally many seeds.

    Args:
      split: A/A test of the one configuration.
      a, b: [n] and [m] scores of the two configurations, of which halves are drawn.
      key: seeds the draws.

    Returns:
      Over pairs of a split of the one and a draw of the two: the share in which the halves of the
      one are at least as far apart; NaN without splits.
    """
    if not len(split.differences):
        return np.nan
    rng = resampling.generator(*key, "as far")
    k = split.n // 2
    means = [
        picked @ scores / min(k, len(scores))
        for scores in (a, b)
        for picked, _ in [resampling.splits(len(scores), min(k, len(scores)), rng)]
    ]
    drawn = [rng.choice(mean, resampling.DRAWN_SPLITS) for mean in means]
    apart = np.abs(drawn[0] - drawn[1]) * (1 - 1e-12)
    sizes = np.sort(np.abs(split.differences))
    return float(np.mean(1 - np.searchsorted(sizes, apart) / len(sizes)))


def wrong_winners(scores: pd.DataFrame, ks: Sequence[int] = KS) -> pd.DataFrame:
    """Computes how often k seeds of each of two name another winner than all seeds do.

    Covers all pairs of configurations in each environment, over all pairs of a choice of k scores
    of one and k scores of the other (random choices beyond `resampling.DRAWN_SPLITS`). A tie counts
    one half.

    Args:
      scores: [environment, configuration, seed, score].

    Returns:
      [environment, a, b, k, n_a, n_b, wrong, note]; `wrong` is a share. It is NaN, with a note, if
      a side has fewer than k seeds or all seeds together tie.
    """
    rows = []
    for environment, group in scores.groupby("environment", observed=True):
        values = by_configuration(group)
        choices = {
            (name, k): _choices(values[name], k, str(environment), str(name))
            for name in values
            for k in ks
            if k <= len(values[name])
        }
        for (a, b), k in itertools.product(all_pairs(list(values)), ks):
            row = {"environment": environment, "a": a, "b": b, "k": k}
            row |= {"n_a": len(values[a]), "n_b": len(values[b])}
            row |= {"wrong": np.nan, "note": f"needs {k} seeds on each side"}
            if (a, k) in choices and (b, k) in choices:
                wrong = _wrong(values[a], values[b], choices[a, k], choices[b, k])
                row |= {"wrong": wrong, "note": "all seeds together tie" if np.isnan(wrong) else ""}
            rows.append(row)
    return pd.DataFrame(rows)


def _choices(scores: np.ndarray, k: int, *key: str) -> np.ndarray:
    """Returns the sorted means of choices of k scores."""
    rng = resampling.generator(*key, "choices", str(k))
    picked, _ = resampling.splits(len(scores), k, rng)
    return np.sort(picked @ scores / k)


def _wrong(a: np.ndarray, b: np.ndarray, of_a: np.ndarray, of_b: np.ndarray) -> float:
    """Returns how often the loser of all scores wins, given the sorted means of choices."""
    difference = a.mean() - b.mean()
    tolerance = 1e-9 * max(np.ptp(np.concatenate([a, b])), 1e-300)
    if abs(difference) <= tolerance:
        return np.nan
    won, lost = (of_a, of_b) if difference > 0 else (of_b, of_a)
    # For each choice of the winner, the loser's choices that are not above it and below it.
    at_most = np.searchsorted(lost, won + tolerance, side="right")
    below = np.searchsorted(lost, won - tolerance, side="left")
    return float(((len(lost) - at_most) + 0.5 * (at_most - below)).mean() / len(lost))
