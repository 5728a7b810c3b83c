"""Which of two configurations scores higher, by how much, and how sure that is.

What each number is for, and its source:
- difference of the means: Welch's t interval (see `tfrl.analysis.evidence` for what it cannot do).
- p: a permutation test, which assumes no shape. What is permuted is Welch's t and not the plain
  difference, so that unequal spreads do no harm where sizes differ (Janssen 1997,
  https://doi.org/10.1016/S0167-7152(97)00043-6). All splits of the scores if they are few, else
  (1 + hits) / (1 + draws), which is never 0 (Phipson and Smyth 2010,
  https://doi.org/10.2202/1544-6115.1585). Corrected by Holm's method for all pairs that are asked
  of one environment, and the corrected p gives the verdict.
- Hedges' g: the difference in standard deviations (Hedges 1981), with the interval of the
  noncentral t. Both assume normal scores of equal spread.
- probability of improvement: that a run of one scores above a run of the other, ties one half
  (Agarwal et al. 2021, https://arxiv.org/abs/2108.13264), with Newcombe's interval (2006, method 5,
  https://doi.org/10.1002/sim.2324), which has a width even where every run of one is above every
  run of the other; a bootstrap has none there. Ties make it too wide, not too narrow.
- seeds needed: for 80% power at the difference seen (Colas et al. 2018,
  https://arxiv.org/abs/1806.08295), at .05 divided by the number of pairs that are asked, which is
  the level that Holm's method holds the smallest p to: enough, and for the other pairs a little
  more than that. The difference seen is itself uncertain: an order of magnitude.
"""

import functools
import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import optimize, special

from tfrl.analysis import aggregates, evidence, resampling
from tfrl.analysis.evidence import CONFIDENCE, NONE, Estimate, Interval

ALPHA = 0.05
POWER = 0.8
MOST_SEEDS = 10_000  # beyond, the difference is as good as none

Pairs = Sequence[tuple[str, str]]


def all_pairs(names: Sequence[str]) -> Pairs:
    """Each two of them once, in their order."""
    return list(itertools.combinations(names, 2))


def compare(scores: pd.DataFrame, pairs: Pairs | None = None) -> pd.DataFrame:
    """Everything about each pair of configurations, in each environment.

    Args:
      scores: [environment, configuration, seed, score], one finite score a finished run.
      pairs: of configurations; all if not given. A pair needs a score on each side.

    Returns:
      One row an environment and pair: environment, a, b, n_a, n_b, mean_a, mean_b;
      difference (a - b), low, high, difference_note; p, p_holm, p_note; g, g_low, g_high, g_note;
      improvement (of a over b), improvement_low, improvement_high; seeds_needed (for each of the
      two; infinite beyond `MOST_SEEDS`), seeds_note; verdict: "a higher", "b higher" or
      "inconclusive". Where a number is NaN, its note says why. Raises `ValueError` if a score is
      not finite.
    """
    if not np.isfinite(scores["score"]).all():
        raise ValueError("a run has a score that is not a finite number")
    tables = []
    for environment, own in scores.groupby("environment", observed=True):
        groups = own.groupby("configuration", observed=True)["score"]
        values = {name: group.to_numpy(float) for name, group in groups}
        asked = all_pairs(list(values)) if pairs is None else pairs
        rows = [
            {"environment": environment, "a": a, "b": b}
            | _pair(values[a], values[b], str(environment))
            for a, b in asked
            if a in values and b in values
        ]
        if rows:
            tables.append(_judged(pd.DataFrame(rows)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """With what depends on how many pairs are asked: corrected p, verdict, seeds needed."""
    asked = max(1, int(rows["p"].count()))
    rows["seeds_needed"] = seeds_needed(rows.pop("effect").to_numpy(), ALPHA / asked)
    endless = np.isinf(rows["seeds_needed"])
    rows["seeds_note"] = np.where(endless, f"more than {MOST_SEEDS:,}", rows.pop("effect_note"))
    corrected = holm(rows["p"].to_numpy())
    higher = np.where(rows["difference"] > 0, "a higher", "b higher")
    rows.insert(rows.columns.get_loc("p") + 1, "p_holm", corrected)
    rows["verdict"] = np.where(corrected < ALPHA, higher, "inconclusive")
    return rows


def _pair(a: np.ndarray, b: np.ndarray, key: str) -> dict[str, object]:
    """One row of `compare`, but for what depends on the others."""
    difference, effect = evidence.welch(a, b), hedges_g(a, b)
    p, p_note = permutation_p(a, b, key)
    low, high = improvement_interval(a, b)
    effect_size, effect_note = standardised(a, b)
    return {
        **{"n_a": len(a), "n_b": len(b), "mean_a": a.mean(), "mean_b": b.mean()},
        **{"difference": difference.estimate, "low": difference.low, "high": difference.high},
        **{"difference_note": difference.note, "p": p, "p_note": p_note},
        **{"g": effect.estimate, "g_low": effect.low, "g_high": effect.high},
        **{"g_note": effect.note, "improvement": float(aggregates.improvement(a, b))},
        **{"improvement_low": low, "improvement_high": high},
        **{"effect": effect_size, "effect_note": effect_note},
    }


def permutation_p(a: np.ndarray, b: np.ndarray, key: str) -> tuple[float, str]:
    """Two-sided p-value of [n] and [m] scores, and why there is none.

    Args:
      key: pairs of the same sizes and key are judged by the same draws.
    """
    n, m = len(a), len(b)
    if min(n, m) < 2:
        return np.nan, "a test needs two seeds on each side"
    pooled = np.concatenate([a, b])
    if np.ptp(pooled) == 0:
        return np.nan, "all scores equal, so no test"
    picked, exact = _permutations(key, n, m)
    own = _welch_t(np.arange(n + m)[None] < n, pooled)
    # Equal splits may differ in the last digit, depending on the order of the sum.
    hits = np.count_nonzero(_welch_t(picked, pooled) >= own * (1 - 1e-9))
    return (hits / len(picked), "") if exact else ((1 + hits) / (1 + len(picked)), "")


@functools.lru_cache(maxsize=4)
def _permutations(key: str, n: int, m: int) -> tuple[np.ndarray, bool]:
    """`resampling.splits` of n + m scores, kept for the other pairs of these sizes."""
    rng = resampling.generator(key, "permutation", str(n), str(m))
    return resampling.splits(n + m, n, rng)


def _welch_t(picked: np.ndarray, pooled: np.ndarray) -> np.ndarray:
    """|Welch's t| between the picked and the other scores, [S]; infinite if neither has spread.

    Args:
      picked: bool [S, N].
      pooled: [N], not all equal.
    """
    centred = (pooled - pooled.mean()) / np.ptp(pooled)
    moments = picked.astype(float) @ np.stack([centred, centred**2], axis=1)  # [S, 2]
    n = picked[0].sum()
    means, errors = [], []
    for count, sums in ((n, moments), (len(pooled) - n, [0, (centred**2).sum()] - moments)):
        mean = sums[:, 0] / count
        means.append(mean)
        errors.append((sums[:, 1] / count - mean**2) / (count - 1))
    difference, error = np.abs(means[0] - means[1]), errors[0] + errors[1]
    # What is left of a variance of 0 after rounding is no spread.
    spread = np.where(error > 1e-14, error, np.nan)
    none = np.where(difference > 1e-9, np.inf, 0.0)
    return np.where(np.isnan(spread), none, difference / np.sqrt(spread))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's step-down correction (1979) of [P] p-values; those that are NaN do not count."""
    order = np.argsort(p)  # NaN last
    count = np.count_nonzero(~np.isnan(p))
    factors = np.maximum(count - np.arange(len(p)), 1)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(np.minimum(factors * p[order], 1.0))
    return np.where(np.isnan(p), np.nan, corrected)


def hedges_g(a: np.ndarray, b: np.ndarray) -> Estimate:
    """The difference of the means in pooled standard deviations, without the bias of few scores."""
    freedom = len(a) + len(b) - 2
    if min(len(a), len(b)) < 2:
        return Estimate(np.nan, np.nan, np.nan, "needs two seeds on each side")
    squares = (len(a) - 1) * np.var(a, ddof=1) + (len(b) - 1) * np.var(b, ddof=1)
    if max(np.ptp(a), np.ptp(b)) == 0:
        return Estimate(np.nan, np.nan, np.nan, "no spread on either side")
    d = (a.mean() - b.mean()) / np.sqrt(squares / freedom)
    unbiased = np.exp(special.gammaln(freedom / 2) - special.gammaln((freedom - 1) / 2))
    g = float(d * unbiased / np.sqrt(freedom / 2))
    if min(np.ptp(a), np.ptp(b)) == 0:
        return Estimate(g, np.nan, np.nan, "no spread on one side, so no interval")
    scale = np.sqrt(1 / len(a) + 1 / len(b))
    low, high = scale * _noncentrality(d / scale, freedom)
    return Estimate(g, float(low), float(high))


def _noncentrality(t: float, freedom: int) -> np.ndarray:
    """The 95% interval of the noncentrality of which t is a draw, by inversion, [2]."""
    tails = np.array([(1 + CONFIDENCE) / 2, (1 - CONFIDENCE) / 2])
    # Of -t it is the mirror image, and the search is exact for t > 0.
    found = special.nctdtrinc(freedom, tails, abs(t))
    return found if t >= 0 else -found[::-1]


def improvement_interval(a: np.ndarray, b: np.ndarray) -> Interval:
    """Newcombe's interval for the probability of improvement; NaN for fewer than two a side.

    The values theta with |theta - estimate| <= z sqrt(V(theta)), where V is the variance that theta
    would have if scores were exponential.
    """
    n, m = len(a), len(b)
    if min(n, m) < 2:
        return NONE
    estimate = float(aggregates.improvement(a, b))
    z2 = special.ndtri((1 + CONFIDENCE) / 2) ** 2
    more = (n + m) / 2 - 1

    def beyond(theta: float) -> float:
        factor = 1 + more * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (theta - estimate) ** 2 - z2 * theta * (1 - theta) * factor / (n * m)

    inside = min(max(estimate, 1e-12), 1 - 1e-12)  # the ends themselves have no variance
    low = 0.0 if estimate == 0 else optimize.brentq(beyond, 0.0, inside)
    high = 1.0 if estimate == 1 else optimize.brentq(beyond, inside, 1.0)
    return float(low), float(high)


def seeds_needed(effects: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """Seeds for each of two agents, for `POWER` in a two-sided t-test.

    Args:
      effects: differences in standard deviations, any shape.
      alpha: level of the test.

    Returns:
      Counts, as floats; infinite beyond `MOST_SEEDS`, NaN where the effect is.
    """
    effects = np.abs(np.asarray(effects, float))
    few, many = np.full(effects.shape, 1), np.full(effects.shape, MOST_SEEDS + 1)
    while (many - few > 1).any():  # by halving: too few on one side, enough on the other
        middle = (few + many) // 2
        enough = (middle > 1) & (power(effects, middle, alpha) >= POWER)
        few, many = np.where(enough, few, middle), np.where(enough, middle, many)
    counts = np.where(many > MOST_SEEDS, np.inf, many.astype(float))
    return np.where(np.isnan(effects), np.nan, counts)


def power(effects: np.ndarray, n: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """How likely a t-test with n seeds a side finds a difference of so many standard deviations."""
    freedom = 2 * np.maximum(n, 2) - 2
    limit = special.stdtrit(freedom, 1 - alpha / 2)
    centre = np.minimum(effects * np.sqrt(n / 2), 30.0)  # beyond, it is found for sure
    opposite = special.nctdtr(freedom, centre, -limit)  # NaN where it is next to nothing
    return 1 - special.nctdtr(freedom, centre, limit) + np.nan_to_num(opposite)


def standardised(a: np.ndarray, b: np.ndarray) -> tuple[float, str]:
    """The difference seen in standard deviations, or why that cannot be said."""
    if min(len(a), len(b)) < 2:
        return np.nan, "needs two seeds on each side"
    spread = np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2)
    if max(np.ptp(a), np.ptp(b)) == 0:
        return np.nan, "no spread on either side"
    return float((a.mean() - b.mean()) / spread), ""
