"""How much the seeds decide: what one would have published with other seeds of the same agents.

A/A: the seeds of one and the same configuration, split into two halves in every way. Henderson et
al. (2018), "Deep Reinforcement Learning that Matters", https://arxiv.org/abs/1709.06560, show one
such split; here are all of them. The splits share their seeds, so that what is described is this
set of runs, and no interval is given.

Wrong winner: with k seeds for each of two agents, how often their order differs from that of all
seeds. The k are drawn from those that there are, without replacement, so that with k close to n
it is rarer than among new seeds.
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
from tfrl.analysis.comparisons import all_pairs
from tfrl.analysis.sign_test import ALPHA

MOST_SPLITS = 200_000  # up to so many all are taken: those of up to 20 seeds
KS = (1, 2, 3, 5, 10)


@dataclass(frozen=True)
class AA:
    """One configuration against itself, over splits of its seeds into two halves."""

    n: int
    splits: int
    exact: bool  # whether they are all there are
    differences: np.ndarray  # [splits] of the halves' means; the sign is of no meaning
    rejected: float  # share of splits in which Welch's test finds p < `ALPHA`; NaN if there is none
    note: str


def aa(scores: np.ndarray, *key: str) -> AA:
    """All splits of [n] scores into halves; some are drawn if there are more than `MOST_SPLITS`.

    Each way once: 126 for ten seeds and 92,378 for twenty. If n is odd, one half has a seed more.
    A split with no spread on either side is not significant if the means are equal and is if they
    are not.

    Args:
      key: what the scores are of, for the generator.
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
    one, other = (
        (part / size)
        for part, size in ((sums, k), (np.array([0, (centred**2).sum()]) - sums, n - k))
    )
    u, v = (
        np.maximum(half[:, 1] - half[:, 0] ** 2, 0) / (size - 1)
        for half, size in ((one, k), (other, n - k))
    )
    difference = one[:, 0] - other[:, 0]
    rejected = _significant(difference, u, v, k, n - k).mean()
    return AA(n, len(first), exact, difference * np.ptp(scores), float(rejected), "")


def _significant(
    difference: np.ndarray, u: np.ndarray, v: np.ndarray, n: int, m: int
) -> np.ndarray:
    """Whether Welch's test rejects, bool [S].

    Args:
      difference: of the means, [S], in units of the range of the scores.
      u, v: squared standard errors of the means, [S].
      n, m: sizes.
    """
    spread = u + v > 1e-14  # what rounding leaves of a variance of 0 is none
    error = np.where(spread, u + v, 1.0)
    freedom = error**2 / np.maximum(u**2 / (n - 1) + v**2 / (m - 1), 1e-300)
    freedom = np.clip(freedom, min(n, m) - 1, n + m - 2)
    p = 2 * stats.t.sf(np.abs(difference) / np.sqrt(error), freedom)
    return np.where(spread, p < ALPHA, np.abs(difference) > 1e-9)


@functools.lru_cache(maxsize=4)
def _first_halves(n: int) -> np.ndarray | None:
    """Every split of n into halves once, bool [S, n]: in the first half; None if too many."""
    k = n // 2
    if math.comb(n, k) > MOST_SPLITS:
        return None
    picked = resampling.all_splits(n, k)
    # The splits of an even n come in pairs of which each is the other's complement.
    return picked[picked[:, 0]] if n % 2 == 0 else picked


def aa_table(scores: pd.DataFrame) -> pd.DataFrame:
    """`aa` of each configuration in each environment.

    Returns:
      [environment, configuration, n, splits, exact, rejected, typical, largest, note]: the median
      and the largest absolute difference of two halves' means; NaN if there are none.
    """
    rows = []
    groups = scores.groupby(["environment", "configuration"], observed=True)["score"]
    for (environment, configuration), own in groups:
        found = aa(own.to_numpy(float), str(environment), str(configuration))
        sizes = np.abs(found.differences)
        rows.append(
            {
                **{"environment": environment, "configuration": configuration},
                **{"n": found.n, "splits": found.splits, "exact": found.exact},
                "rejected": found.rejected,
                "typical": np.median(sizes) if len(sizes) else np.nan,
                "largest": sizes.max() if len(sizes) else np.nan,
                "note": found.note,
            }
        )
    return pd.DataFrame(rows)


def as_far(split: AA, a: np.ndarray, b: np.ndarray, *key: str) -> float:
    """How often two halves of one configuration differ as much as halves of two configurations do.

    Like is compared with like: means of as many seeds on either side.

    Args:
      split: the one configuration against itself.
      a, b: [n] and [m] scores of the two, of which halves are drawn.
      key: keys the draws.

    Returns:
      The share of pairs of a split of the one and a draw of the two in which the halves of the one
      are at least as far apart; NaN without splits.
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
    drawn = [rng.choice(one, resampling.DRAWN_SPLITS) for one in means]
    apart = np.abs(drawn[0] - drawn[1]) * (1 - 1e-12)
    return float(
        np.mean(
            1 - np.searchsorted(np.sort(np.abs(split.differences)), apart) / len(split.differences)
        )
    )


def wrong_winners(scores: pd.DataFrame, ks: Sequence[int] = KS) -> pd.DataFrame:
    """How often k seeds of each of two name another winner than all seeds do; ties count one half.

    For all pairs of configurations in each environment, over all pairs of a choice of k scores from
    one and a choice of k from the other, or of as many as are drawn of either where there are more
    than `resampling.DRAWN_SPLITS`.

    Args:
      scores: [environment, configuration, seed, score].

    Returns:
      [environment, a, b, k, n_a, n_b, wrong, note]; NaN, where k is more than there are or all
      seeds together tie, has a note.
    """
    rows = []
    for environment, own in scores.groupby("environment", observed=True):
        groups = own.groupby("configuration", observed=True)["score"]
        values = {name: group.to_numpy(float) for name, group in groups}
        asked = all_pairs(list(values))
        choices = {
            (name, k): _choices(values[name], k, str(environment), str(name))
            for name in values
            for k in ks
            if k <= len(values[name])
        }
        for (a, b), k in itertools.product(asked, ks):
            row = {"environment": environment, "a": a, "b": b, "k": k}
            row |= {"n_a": len(values[a]), "n_b": len(values[b])}
            row |= {"wrong": np.nan, "note": f"needs {k} seeds on each side"}
            if (a, k) in choices and (b, k) in choices:
                wrong = _wrong(values[a], values[b], choices[a, k], choices[b, k])
                row |= {"wrong": wrong, "note": "all seeds together tie" if np.isnan(wrong) else ""}
            rows.append(row)
    return pd.DataFrame(rows)


def _choices(scores: np.ndarray, k: int, *key: str) -> np.ndarray:
    """The means of the ways to choose k scores, in order."""
    rng = resampling.generator(*key, "choices", str(k))
    picked, _ = resampling.splits(len(scores), k, rng)
    return np.sort(picked @ scores / k)


def _wrong(a: np.ndarray, b: np.ndarray, of_a: np.ndarray, of_b: np.ndarray) -> float:
    """How often the other one wins than by all scores, given the ordered means of choices."""
    difference = a.mean() - b.mean()
    tolerance = 1e-9 * max(np.ptp(np.concatenate([a, b])), 1e-300)
    if abs(difference) <= tolerance:
        return np.nan
    won, lost = (of_a, of_b) if difference > 0 else (of_b, of_a)
    # Of the loser's choices, those above each of the winner's, and those that tie with it.
    at_most = np.searchsorted(lost, won + tolerance, side="right")
    below = np.searchsorted(lost, won - tolerance, side="left")
    return float(((len(lost) - at_most) + 0.5 * (at_most - below)).mean() / len(lost))
