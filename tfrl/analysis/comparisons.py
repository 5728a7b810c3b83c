"""Which of two configurations is better, by how much, and how sure that is.

What each number is for, and its source:
- improvement: how often a seed of one beats a seed of the other, with interval and p-value. The
  p-value, corrected by Holm's method for all pairs that are asked of one environment, gives the
  verdict; `tfrl.analysis.superiority` says why.
- difference of the means: Welch's t interval (see `tfrl.analysis.evidence` for what it cannot do).
  It says how much, and gives no verdict.
- Hedges' g: the difference in standard deviations (Hedges 1981), with the interval of the
  noncentral t. Both assume normal scores of equal spread.
- seeds needed: for 80% power of that same verdict, if seeds are like those seen. These are
  uncertain themselves: an order of magnitude.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from tfrl.analysis import aggregates, evidence, superiority
from tfrl.analysis.evidence import CONFIDENCE, Estimate
from tfrl.analysis.superiority import ALPHA, MOST_SEEDS

Pairs = Sequence[tuple[str, str]]
_FEW = "needs two seeds on each side"


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
      difference (a - b), low, high, difference_note; improvement (how often a seed of a beats one
      of b), improvement_low, improvement_high; p, p_holm, p_note; g, g_low, g_high, g_note;
      seeds_needed (for each of the two; infinite beyond `MOST_SEEDS`), seeds_note, seeds_least
      (below which no verdict is possible among so many pairs); verdict: "a
      higher", "b higher" or "inconclusive". Where a number is NaN, its note says why. Raises
      `ValueError` if a score is not finite.
    """
    if not np.isfinite(scores["score"]).all():
        raise ValueError("a run has a score that is not a finite number")
    tables = []
    for environment, own in scores.groupby("environment", observed=True):
        groups = own.groupby("configuration", observed=True)["score"]
        values = {name: group.to_numpy(float) for name, group in groups}
        asked = all_pairs(list(values)) if pairs is None else pairs
        known = [(a, b) for a, b in asked if a in values and b in values]
        tested = [pair for pair in known if min(len(values[name]) for name in pair) > 1]
        rows = [
            {"environment": environment, "a": a, "b": b}
            | _pair(values[a], values[b], ALPHA / max(len(tested), 1), str(environment))
            for a, b in known
        ]
        if rows:
            least = superiority.least_seeds(ALPHA / max(len(tested), 1))
            tables.append(_judged(pd.DataFrame(rows).assign(seeds_least=least)))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """With the corrected p and the verdict."""
    corrected = holm(rows["p"].to_numpy())
    higher = np.where(rows["improvement"] > 0.5, "a higher", "b higher")
    rows.insert(rows.columns.get_loc("p") + 1, "p_holm", corrected)
    rows["verdict"] = np.where(corrected < ALPHA, higher, "inconclusive")
    return rows


def _pair(a: np.ndarray, b: np.ndarray, alpha: float, key: str) -> dict[str, object]:
    """One row of `compare`, but for what depends on the others.

    Args:
      alpha: the level that Holm's method holds the smallest p to.
      key: keys the draws of simulated studies.
    """
    difference, effect = evidence.welch(a, b), hedges_g(a, b)
    low, high = superiority.share_interval(a, b)
    few = min(len(a), len(b)) < 2
    needed = np.nan if few else superiority.seeds_needed(a, b, alpha, key)
    endless = f"more than {MOST_SEEDS:,}" if np.isinf(needed) else ""
    return {
        **{"n_a": len(a), "n_b": len(b), "mean_a": a.mean(), "mean_b": b.mean()},
        **{"difference": difference.estimate, "low": difference.low, "high": difference.high},
        **{"difference_note": difference.note},
        **{"improvement": float(aggregates.improvement(a, b))},
        **{"improvement_low": low, "improvement_high": high},
        **{"p": np.nan if few else superiority.p_value(a, b), "p_note": _FEW if few else ""},
        **{"g": effect.estimate, "g_low": effect.low, "g_high": effect.high},
        **{"g_note": effect.note},
        **{"seeds_needed": needed, "seeds_note": _FEW if few else endless},
    }


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
