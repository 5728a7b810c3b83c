"""Does a seed of one configuration beat a seed of another, and is that sure?

All is about one share: of all n x m pairs of a seed of a and a seed of b, how many a wins, a tie
counting one half (the probability of improvement of Agarwal et al. 2021,
https://arxiv.org/abs/2108.13264; Mann and Whitney's U).

How sure it is, is judged as though there were only k = min(n, m) pairs, each of them won or lost by
chance: a sign test with k trials. The share of n x m pairs varies no more than that, whatever the
shapes of the two distributions (its variance is at most share (1 - share) / k: van Dantzig 1951;
Birnbaum and Klose 1957, https://doi.org/10.1214/aoms/1177706882), and as much where one side has no
spread. So the verdict holds for seeds that collapse, returns with a ceiling, and unequal spreads. A
test of means does not: of two configurations of equal mean, one of which loses 400 points in a
twentieth of its seeds, it calls one higher in more than half of all studies of ten seeds.
docs/verdicts.md measures both.

What it costs: where scores are about normal, it needs about three seeds where Mann and Whitney's
test, which takes the two shapes to be equal, needs two.
"""

import functools
import math

import numpy as np
from scipy import special

from tfrl.analysis import aggregates, resampling
from tfrl.analysis.evidence import CONFIDENCE, NONE, Interval

ALPHA = 0.05
POWER = 0.8
MOST_SEEDS = 1_000  # seeds needed are counted up to here
DRAWS = 2_000  # studies that are simulated for the number of seeds needed


def p_value(a: np.ndarray, b: np.ndarray) -> float:
    """Two-sided p-value of [n] and [m] scores, of "a seed of a wins as often as one of b"."""
    share = float(aggregates.improvement(a, b))
    return float(_p_value(np.array(share), min(len(a), len(b))))


def p_values(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same of S studies, `[S, n]` and `[S, m]` scores."""
    shares = (np.sign(a[:, :, None] - b[:, None]) + 1).mean((1, 2)) / 2
    return _p_value(shares, min(a.shape[1], b.shape[1]))


def _p_value(share: np.ndarray, trials: int) -> np.ndarray:
    """The same of shares of any shape."""
    wins = np.maximum(share, 1 - share) * trials
    # The binomial tail P(X >= wins), which the incomplete beta function continues between integers.
    return np.minimum(2 * special.betainc(wins, trials - wins + 1, 0.5), 1.0)


def share_interval(a: np.ndarray, b: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Interval for the share of pairs that a wins; NaN for fewer than two seeds a side.

    Clopper and Pearson's (1934), with k trials. It excludes 1/2 where `p_value` is below
    1 - `confidence`.
    """
    trials = min(len(a), len(b))
    if trials < 2:
        return NONE
    wins, tail = float(aggregates.improvement(a, b)) * trials, (1 - confidence) / 2
    low = 0.0 if wins == 0 else float(special.betaincinv(wins, trials - wins + 1, tail))
    high = 1.0 if wins == trials else float(special.betaincinv(wins + 1, trials - wins, 1 - tail))
    return low, high


def least_seeds(alpha: float) -> int:
    """Seeds of each side below which no p-value is below `alpha`, even if a wins every pair."""
    return math.floor(math.log2(2 / alpha)) + 1


def seeds_needed(a: np.ndarray, b: np.ndarray, alpha: float, key: str) -> float:
    """Seeds of each side for `POWER`, by simulating studies with seeds like those seen.

    Args:
      a, b: [n] and [m] scores, which simulated studies draw from, with replacement.
      alpha: what the p-value has to be below, in favour of the side that leads here.
      key: keys the draws.

    Returns:
      At least `least_seeds`; infinite beyond `MOST_SEEDS`, or if neither side leads.
    """
    wins = _wins(a, b)
    lead = wins.mean() - 0.5
    if abs(lead) < 1e-9:
        return np.inf
    wins = wins if lead > 0 else 1 - wins

    @functools.cache
    def enough(seeds: int) -> bool:
        rng = resampling.generator(key, "seeds needed", str(seeds))
        n, m = wins.shape
        of_a = rng.multinomial(seeds, np.full(n, 1 / n), size=DRAWS)
        of_b = rng.multinomial(seeds, np.full(m, 1 / m), size=DRAWS)
        share = np.einsum("sn,nm,sm->s", of_a, wins, of_b, optimize=True) / seeds**2
        decided = (_p_value(share, seeds) < alpha) & (share > 0.5)
        return bool(decided.mean() >= POWER)

    few, many = least_seeds(alpha) - 1, least_seeds(alpha)
    while not enough(many):
        if many >= MOST_SEEDS:
            return np.inf
        few, many = many, min(2 * many, MOST_SEEDS)
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return float(many)


def _wins(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n, m]: 1 where a seed of a wins, 1/2 where it is a tie."""
    return (np.sign(a[:, None] - b) + 1) / 2
