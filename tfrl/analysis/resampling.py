"""Drawing again from what there is: keyed generators, splits of seeds, the stratified bootstrap."""

import functools
import hashlib
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special

DRAWN_SPLITS = 20_000  # where not all are taken
CHUNK = 400_000  # values drawn at a time: few enough to stay in the cache

Statistic = Callable[[np.ndarray], np.ndarray]  # reduces the last axis


def generator(*key: str) -> np.random.Generator:
    """A generator of its own for what `key` names: the same numbers whatever else is drawn."""
    return np.random.default_rng(list(hashlib.sha256("\0".join(key).encode()).digest()))


def splits(
    n: int, k: int, generator: np.random.Generator, most: int = DRAWN_SPLITS
) -> tuple[np.ndarray, bool]:
    """Which k of n are picked in each split, bool [S, n], and whether those are all splits.

    All C(n, k) in lexicographic order if they are at most `most`, else `DRAWN_SPLITS` at random.
    """
    if math.comb(n, k) <= most:
        return all_splits(n, k), True
    return _membership(generator.random((DRAWN_SPLITS, n)).argsort(axis=1)[:, :k], n), False


@functools.lru_cache(maxsize=32)
def all_splits(n: int, k: int) -> np.ndarray:
    """Every way to pick k of n, bool [C(n, k), n], not to be written to."""
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
    """A statistic of resampled scores: each stratum keeps its size, and lends to no other.

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
    found = []
    for start in range(0, repetitions, step):
        uniform = generator.random((min(step, repetitions - start), len(pooled)), dtype=np.float32)
        found.append(statistic(pooled[first + (uniform * size).astype(np.intp)]))
    return np.concatenate(found)


def expanded(sizes: Sequence[int], confidence: float) -> float:
    """The confidence at which to take percentiles of a bootstrap of so few scores.

    A resample varies less than a sample, by (n - 1) / n, and percentiles know of no t. Taken so
    much further out, those of the mean of normal scores are Student's interval (Hesterberg 2015,
    https://doi.org/10.1080/00031305.2015.1089789, section 4.3).

    Args:
      sizes: of the strata, two scores or more in one of them.
    """
    freedom = sum(sizes) - len(sizes)
    limit = special.stdtrit(freedom, (1 + confidence) / 2)
    return float(1 - 2 * special.ndtr(-limit * np.sqrt(sum(sizes) / freedom)))


def percentiles(draws: np.ndarray, sizes: Sequence[int], confidence: float) -> np.ndarray:
    """The ends of the expanded percentile interval of bootstrap draws, [2, ...].

    Args:
      draws: [repetitions, ...].
      sizes: of the strata, as `expanded` takes them.
    """
    tail = (1 - expanded(sizes, confidence)) / 2
    return np.quantile(draws, [tail, 1 - tail], axis=0)


def _membership(indices: np.ndarray, n: int) -> np.ndarray:
    picked = np.zeros((len(indices), n), bool)
    np.put_along_axis(picked, indices, True, axis=1)
    return picked
