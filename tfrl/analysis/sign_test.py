"""The sign test behind all verdicts on differences.

The differences are those of all n x m pairs of a seed of a and a seed of b, or of n seeds that were
run in two ways. Two numbers describe them:

- share: the share of differences above 0, where a 0 counts one half. For pairs it is the
  probability that a seed of a beats a seed of b (the probability of improvement of Agarwal et al.
  2021, https://arxiv.org/abs/2108.13264; Mann and Whitney's U).
- typical: the median of the differences.

Both are judged by a sign test with k trials: k = n for seeds run in two ways, which is the ordinary
sign test, and k = min(n, m) for pairs. The share of n x m pairs has at most the variance of that of
k independent pairs, share (1 - share) / k, for any two distributions (van Dantzig 1951; Birnbaum
and Klose 1957, https://doi.org/10.1214/aoms/1177706882), and the same variance if one side is
constant. So the test keeps its level for seeds that collapse, returns with a ceiling, and unequal
variances. A test of means does not: of two configurations with equal means, one of which loses 400
points in a twentieth of its seeds, it calls one higher in more than half of all studies of ten
seeds. docs/verdicts.md measures both.

The price: for normal scores this test needs about three seeds where Mann and Whitney's test, which
assumes two distributions of the same shape, needs two. And it does not tell how often seeds fail: a
typical difference of 0 allows a few seeds that lose everything. `shares` compares their numbers.

Several questions of one kind are a family. Each of K questions is tested at `ALPHA` / K, so that
all K verdicts and all K intervals hold together with 95% (Bonferroni).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from tfrl.analysis import resampling
from tfrl.analysis.evidence import CONFIDENCE, NONE, Interval

ALPHA = 0.05  # significance level of a family
POWER = 0.8  # for `seeds_needed`
MOST_SEEDS = 1_000  # limit of `seeds_needed`
DRAWS = 2_000  # studies that are simulated for `seeds_needed`

HIGHER, LOWER, EQUIVALENT, UNDECIDED = "higher", "lower", "equivalent", "undecided"
AS_MUCH, LESS = "by as much as matters", "by less than matters"


@dataclass(frozen=True)
class Differences:
    """Differences of two sides, and the number of trials that they count for."""

    values: np.ndarray  # [P]
    trials: int

    @classmethod
    def between(cls, a: np.ndarray, b: np.ndarray) -> "Differences":
        """Returns the differences of all pairs of a seed of a, [n], and a seed of b, [m]."""
        return cls(np.subtract.outer(a, b).ravel(), min(len(a), len(b)))

    @classmethod
    def within(cls, seeds: np.ndarray) -> "Differences":
        """Returns paired differences, one per seed, [n]."""
        return cls(np.asarray(seeds, float), len(seeds))

    @property
    def share(self) -> float:
        """The share above 0, ties counting one half; NaN without differences."""
        return float(np.mean(np.sign(self.values) + 1) / 2) if len(self.values) else np.nan

    @property
    def tied(self) -> float:
        """The share equal to 0; NaN without differences."""
        return float(np.mean(self.values == 0)) if len(self.values) else np.nan

    @property
    def typical(self) -> float:
        """The median difference; NaN without differences."""
        return float(np.median(self.values)) if len(self.values) else np.nan

    @property
    def p(self) -> float:
        """The two-sided p-value of "as often above 0 as below"; NaN for fewer than two trials."""
        return float(p_of_share(self.share, self.trials)) if self.trials > 1 else np.nan

    def share_interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Computes Clopper and Pearson's interval (1934) of the share.

        It excludes 1/2 if and only if `p` < 1 - `confidence`. NaN for fewer than two trials.
        """
        k, tail = self.trials, (1 - confidence) / 2
        if k < 2:
            return NONE
        wins = self.share * k
        low = 0.0 if wins == 0 else float(special.betaincinv(wins, k - wins + 1, tail))
        high = 1.0 if wins == k else float(special.betaincinv(wins + 1, k - wins, 1 - tail))
        return low, high

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Computes the interval of the typical difference: the values that the test keeps.

        NaN if the trials are too few to exclude any value (`least_seeds`).
        """
        share = critical_share(self.trials, 1 - confidence)
        if np.isnan(share):
            return NONE
        # The upper end is the largest x that fewer than this share of the differences exceed.
        cut = math.ceil(len(self.values) * (1 - share) - 1e-9) - 1
        ordered = np.partition(self.values, [cut, len(self.values) - 1 - cut])
        return float(ordered[cut]), float(ordered[len(self.values) - 1 - cut])

    def verdict(self, margin: float = np.nan, alpha: float = ALPHA) -> tuple[str, str]:
        """Decides between higher, lower and equivalent at the level `alpha`.

        Args:
          margin: least difference that matters; NaN if not known.

        Returns:
          (`HIGHER` or `LOWER`, size), where size is `AS_MUCH`, `LESS`, or "" if neither is sure;
          (`EQUIVALENT`, "") if the typical difference is smaller than the margin;
          (`UNDECIDED`, "") otherwise.
        """
        low, high = self.interval(1 - alpha)
        if self.p < alpha:
            side = HIGHER if self.share > 0.5 else LOWER
            near, far = (low, high) if side == HIGHER else (-high, -low)
            return side, AS_MUCH if near > margin else LESS if far < margin else ""
        return EQUIVALENT if -margin < low and high < margin else UNDECIDED, ""


def p_of_share(share: np.ndarray | float, trials: int) -> np.ndarray:
    """Computes the two-sided p-values of shares, an array of any shape."""
    wins = np.maximum(share, 1 - np.asarray(share)) * trials
    # The binomial tail P(X >= wins); the incomplete beta function extends it to non-integers.
    return np.minimum(2 * special.betainc(wins, trials - wins + 1, 0.5), 1.0)


def p_values(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Computes the p-values [S] of S studies with scores [S, n] and [S, m]."""
    shares = (np.sign(a[:, :, None] - b[:, None]) + 1).mean((1, 2)) / 2
    return p_of_share(shares, min(a.shape[1], b.shape[1]))


@functools.cache
def critical_share(trials: int, alpha: float) -> float:
    """Returns the share at which the p-value is `alpha`; NaN if no share is significant."""
    if trials < least_seeds(alpha):
        return np.nan
    return optimize.brentq(lambda share: float(p_of_share(share, trials)) - alpha, 0.5, 1.0)


def least_seeds(alpha: float) -> int:
    """Returns the fewest seeds per side with which a p-value can be below `alpha`."""
    return math.floor(math.log2(2 / alpha)) + 1


def seeds_needed(a: np.ndarray, b: np.ndarray, alpha: float, key: str) -> float:
    """Estimates the seeds per side for a power of `POWER`, by simulated studies.

    Args:
      a, b: [n] and [m] scores, from which studies are drawn with replacement.
      alpha: significance level; the verdict must be for the side that leads in `a` and `b`.
      key: seeds the draws.

    Returns:
      At least `least_seeds`; infinity beyond `MOST_SEEDS`, or if neither side leads.
    """
    wins = (np.sign(np.subtract.outer(a, b)) + 1) / 2  # [n, m]: 1, or 1/2 for a tie
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
        decided = (p_of_share(share, seeds) < alpha) & (share > 0.5)
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
