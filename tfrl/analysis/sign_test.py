"""Is a difference above 0 more often than below, by how much, and is that sure?

All verdicts on differences are of this one rule. The differences are those of all n x m pairs of a
seed of a and a seed of b, or of n seeds that were run in two ways. All is about two numbers:

- share: of the differences that are above 0, those that are 0 counting one half. Of pairs, it is
  how often a seed of a beats a seed of b (the probability of improvement of Agarwal et al. 2021,
  https://arxiv.org/abs/2108.13264; Mann and Whitney's U).
- typical: the median of the differences. Half of them are larger.

How sure both are, is judged by a sign test with k trials: k = n for seeds run in two ways, which is
the sign test as it is, and k = min(n, m) for pairs. The share of n x m pairs varies no more than
that of k independent ones, whatever the shapes of the two distributions (its variance is at most
share (1 - share) / k: van Dantzig 1951; Birnbaum and Klose 1957,
https://doi.org/10.1214/aoms/1177706882), and as much where one side has no spread. So the verdict
holds for seeds that collapse, returns with a ceiling, and unequal spreads. A test of means does
not: of two configurations of equal mean, one of which loses 400 points in a twentieth of its seeds,
it calls one higher in more than half of all studies of ten seeds. docs/verdicts.md measures both.

What it costs: where scores are about normal, it needs about three seeds where Mann and Whitney's
test, which takes the two shapes to be equal, needs two. What it does not say: how often seeds fail.
A typical difference of 0 allows a few that lose everything; those are counted by `shares`.

Several questions of one kind are a family: each is asked at `ALPHA` / K, so that all K verdicts and
all K intervals hold together with 95% (Bonferroni).
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from tfrl.analysis import resampling
from tfrl.analysis.evidence import CONFIDENCE, NONE, Interval

ALPHA = 0.05
POWER = 0.8
MOST_SEEDS = 1_000  # seeds needed are counted up to here
DRAWS = 2_000  # studies that are simulated for the number of seeds needed

HIGHER, LOWER, EQUIVALENT, INCONCLUSIVE = "higher", "lower", "equivalent", "inconclusive"
AS_MUCH, LESS = "by as much as matters", "by less than matters"


@dataclass(frozen=True)
class Differences:
    """Differences of two sides, [P], and how many trials they count for."""

    values: np.ndarray
    trials: int

    @classmethod
    def between(cls, a: np.ndarray, b: np.ndarray) -> "Differences":
        """Of all pairs of a seed of a, [n], and a seed of b, [m]."""
        return cls(np.subtract.outer(a, b).ravel(), min(len(a), len(b)))

    @classmethod
    def within(cls, seeds: np.ndarray) -> "Differences":
        """Of each seed itself, [n]."""
        return cls(np.asarray(seeds, float), len(seeds))

    @property
    def share(self) -> float:
        """How many are above 0, ties counting one half; NaN if there are none."""
        return float(np.mean(np.sign(self.values) + 1) / 2) if len(self.values) else np.nan

    @property
    def tied(self) -> float:
        """How many are 0, as a share; NaN if there are none."""
        return float(np.mean(self.values == 0)) if len(self.values) else np.nan

    @property
    def typical(self) -> float:
        """Their median; NaN if there are none."""
        return float(np.median(self.values)) if len(self.values) else np.nan

    @property
    def p(self) -> float:
        """Two-sided p-value of "as often above 0 as below"; NaN for fewer than two trials."""
        return float(p_of_share(self.share, self.trials)) if self.trials > 1 else np.nan

    def share_interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Clopper and Pearson's (1934) interval for the share; NaN for fewer than two trials.

        It excludes 1/2 where `p` is below 1 - `confidence`.
        """
        k, tail = self.trials, (1 - confidence) / 2
        if k < 2:
            return NONE
        wins = self.share * k
        low = 0.0 if wins == 0 else float(special.betaincinv(wins, k - wins + 1, tail))
        high = 1.0 if wins == k else float(special.betaincinv(wins + 1, k - wins, 1 - tail))
        return low, high

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Interval for the typical difference: those that the same test does not exclude.

        NaN where no difference could be excluded, for too few trials (`least_seeds`).
        """
        share = critical_share(self.trials, 1 - confidence)
        if np.isnan(share):
            return NONE
        # The largest x that fewer than this share of the differences are above is an end.
        cut = math.ceil(len(self.values) * (1 - share) - 1e-9) - 1
        ordered = np.partition(self.values, [cut, len(self.values) - 1 - cut])
        return float(ordered[cut]), float(ordered[len(self.values) - 1 - cut])

    def verdict(self, margin: float = np.nan, alpha: float = ALPHA) -> tuple[str, str]:
        """What is sure of the difference at the level `alpha`.

        Args:
          margin: the least difference that matters; NaN if that is not known.

        Returns:
          (`HIGHER` or `LOWER`, `AS_MUCH`, `LESS` or "" where neither is sure),
          (`EQUIVALENT`, "") where the typical difference is smaller than the margin,
          or (`INCONCLUSIVE`, "").
        """
        low, high = self.interval(1 - alpha)
        if self.p < alpha:
            side = HIGHER if self.share > 0.5 else LOWER
            near, far = (low, high) if side == HIGHER else (-high, -low)
            return side, AS_MUCH if near > margin else LESS if far < margin else ""
        return EQUIVALENT if -margin < low and high < margin else INCONCLUSIVE, ""


def p_of_share(share: np.ndarray | float, trials: int) -> np.ndarray:
    """Two-sided p-values of shares of any shape."""
    wins = np.maximum(share, 1 - np.asarray(share)) * trials
    # The binomial tail P(X >= wins), which the incomplete beta function continues between integers.
    return np.minimum(2 * special.betainc(wins, trials - wins + 1, 0.5), 1.0)


def p_values(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The p-values of S studies, `[S, n]` and `[S, m]` scores."""
    shares = (np.sign(a[:, :, None] - b[:, None]) + 1).mean((1, 2)) / 2
    return p_of_share(shares, min(a.shape[1], b.shape[1]))


@functools.cache
def critical_share(trials: int, alpha: float) -> float:
    """The share from which on the p-value is below `alpha`; NaN if none is."""
    if trials < least_seeds(alpha):
        return np.nan
    return optimize.brentq(lambda share: float(p_of_share(share, trials)) - alpha, 0.5, 1.0)


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
