"""Resampling: keyed random generators, splits of seeds, and the stratified bootstrap."""

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

DRAWN_SPLITS = 20_000  # splits that are drawn if there are too many to enumerate
CHUNK = 400_000  # values drawn at a time, so that they fit into the cache

Statistic = Callable[[np.ndarray], np.ndarray]  # reduces the last axis


def generator(*key: str) -> np.random.Generator:
    """Returns a generator seeded by `key` alone, independent of all other draws."""
    return np.random.default_rng(list(hashlib.sha256("\0".join(key).encode()).digest()))


def splits(
    n: int, k: int, generator: np.random.Generator, most: int = DRAWN_SPLITS
) -> tuple[np.ndarray, bool]:
    """Returns ways to pick k of n, bool [S, n], and whether these are all ways.

    All C(n, k) in lexicographic order if there are at most `most`, else `DRAWN_SPLITS` random ones.
    """
    if math.comb(n, k) <= most:
        return all_splits(n, k), True
    return _membership(generator.random((DRAWN_SPLITS, n)).argsort(axis=1)[:, :k], n), False


@functools.lru_cache(maxsize=32)
def all_splits(n: int, k: int) -> np.ndarray:
    """Returns every way to pick k of n, bool [C(n, k), n], as a read-only array."""
    flat = itertools.chain.from_iterable(itertools.combinations(range(n), k))
    picked = _membership(np.fromiter(flat, np.intp).reshape(math.comb(n, k), k), n)
    picked.flags.writeable = False
    return picked


def bootstrap(
    strata: Sequence[np.ndarray],
    statistic: Statistic,
    generator: np.random.Generator,
    repetitions: int,
) -> np.ndarray:
    """Computes a statistic of bootstrap samples that resample each stratum separately.

    Args:
      strata: score arrays [n_1], [n_2], ..., at least one each. One stratum is the plain bootstrap.
      statistic: reduces the last axis of [repetitions, n_1 + n_2 + ...].

    Returns:
      [repetitions], or [repetitions, ...] if the statistic keeps more axes.
    """
    pooled = np.concatenate(strata)
    sizes = np.array([len(stratum) for stratum in strata])
    size, first = np.repeat(sizes, sizes), np.repeat(sizes.cumsum() - sizes, sizes)
    step = max(1, CHUNK // len(pooled))
    draws = []
    for start in range(0, repetitions, step):
        uniform = generator.random((min(step, repetitions - start), len(pooled)), dtype=np.float32)
        draws.append(statistic(pooled[first + (uniform * size).astype(np.intp)]))
    return np.concatenate(draws)


def expanded(sizes: Sequence[int], confidence: float) -> float:
    """Returns the confidence at which to take percentiles of a bootstrap of few scores.

    The variance of a resample is too small by (n - 1) / n, and percentiles do not follow a t
    distribution. At the expanded confidence, the percentiles of the mean of normal scores agree
    with Student's interval (Hesterberg 2015, https://doi.org/10.1080/00031305.2015.1089789,
    section 4.3).

    Args:
      sizes: of the strata; at least one has two scores or more.
    """
    freedom = sum(sizes) - len(sizes)
    limit = special.stdtrit(freedom, (1 + confidence) / 2)
    return float(1 - 2 * special.ndtr(-limit * np.sqrt(sum(sizes) / freedom)))


def percentiles(draws: np.ndarray, sizes: Sequence[int], confidence: float) -> np.ndarray:
    """Returns the ends of the expanded percentile interval of bootstrap draws, [2, ...].

    Args:
      draws: [repetitions, ...].
      sizes: of the strata, as in `expanded`.
    """
    tail = (1 - expanded(sizes, confidence)) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=0)


def _membership(indices: np.ndarray, n: int) -> np.ndarray:
    picked = np.zeros((len(indices), n), bool)
    np.put_along_axis(picked, indices, True, axis=1)
    return picked
