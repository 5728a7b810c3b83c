"""Aggregate scores over many runs and several environments, after Agarwal et al. (2021).

"Deep Reinforcement Learning at the Edge of the Statistical Precipice",
https://arxiv.org/abs/2108.13264. These aggregates are for collections of environments: on a single
one, the interquartile mean (IQM) removes exactly the seeds that collapsed.

Scores of different environments are normalised by fixed anchors, 0 for a random policy and 1 for
the target, never by the extremes of the configurations compared. Intervals are percentile
bootstraps stratified by environment: they resample the seeds of each environment, so they hold for
other seeds, not for other environments. Unlike the paper's, they are expanded
(`resampling.expanded`); otherwise they would be too narrow for few seeds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import evidence, resampling, returns
from tfrl.analysis.evidence import CONFIDENCE, MINIMUM, REPETITIONS, Estimate
from tfrl.analysis.resampling import Statistic, generator

PROFILE_REPETITIONS = 2_000  # bootstrap samples for the band of a figure


def mean(scores: np.ndarray) -> np.ndarray:
    """Computes the mean over the last axis."""
    return scores.mean(axis=-1)


def optimality_gap(scores: np.ndarray, target: float = 1.0) -> np.ndarray:
    """Computes target - mean(min(score, target)) over the last axis."""
    return target - np.minimum(scores, target).mean(axis=-1)


STATISTICS: dict[str, Statistic] = {
    "iqm": evidence.iqm,
    "mean": mean,
    "optimality_gap": optimality_gap,
}


def normalise(scores: pd.DataFrame, anchors: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """Scales scores to 0 for a random policy and 1 for the target.

    Args:
      scores: [environment, configuration, seed, score].
      anchors: by environment, the mean return of a random policy and the target, as from
        `benchmarks.anchors`.

    Returns:
      The same columns, without the environments that have no anchors.
    """
    anchored = scores[scores["environment"].isin(list(anchors))]
    names = anchored["environment"].astype(str)
    random, target = (
        names.map({name: pair[i] for name, pair in anchors.items()}).astype(float) for i in (0, 1)
    )
    return anchored.assign(score=(anchored["score"] - random) / (target - random))


def across(scores: pd.DataFrame) -> pd.DataFrame:
    """Aggregates the scores of each configuration over all runs and environments.

    Args:
      scores: [environment, configuration, seed, score], normalised.

    Returns:
      [configuration, environments, n, note] and `x`, `x_low`, `x_high` for x in `STATISTICS`.
      Without an interval, its ends are NaN and `note` says why.

    Raises:
      ValueError: a score is not finite.
    """
    rows = []
    for configuration, group in scores.groupby("configuration", observed=True):
        strata = _strata(group)
        pooled = np.concatenate(strata)
        row = {"configuration": configuration, "environments": len(strata), "n": len(pooled)}
        row["note"] = _why_no_interval(strata)
        for name, statistic in STATISTICS.items():
            low, high = np.nan, np.nan
            if not row["note"]:
                rng = generator(str(configuration), "across", name)
                low, high = _interval(strata, statistic, rng)
            row |= {name: float(statistic(pooled)), f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def performance_profile(
    scores: pd.DataFrame, taus: np.ndarray, by: Sequence[str] = ("configuration",)
) -> pd.DataFrame:
    """Computes the share of runs that score above tau, for each tau.

    Args:
      scores: [environment, configuration, seed, score] of one environment, or normalised scores of
        several.
      taus: [T] scores.
      by: columns that identify a profile.

    Returns:
      [*by, tau, share, low, high, n], T rows per profile; `low` and `high` are the ends of a
      pointwise 95% band, NaN where `across` has no interval.

    Raises:
      ValueError: a score is not finite.
    """
    parts = []
    for key, group in scores.groupby(list(by), observed=True):
        strata = _strata(group)
        share = _above(np.concatenate(strata), taus)
        low = high = np.full(len(taus), np.nan)
        if not _why_no_interval(strata):
            rng = generator(*map(str, key), "profile")
            low, high = _interval(
                strata, lambda drawn: _above(drawn, taus), rng, PROFILE_REPETITIONS
            )
        part = pd.DataFrame({"tau": taus, "share": share, "low": low, "high": high})
        parts.append(part.assign(n=len(group), **dict(zip(by, key, strict=True))))
    return returns.concat(parts, [*by, "tau", "share", "low", "high", "n"])


def improvement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Computes the probability that a run of a scores above a run of b, ties counting one half.

    This is Mann and Whitney's U / (nm), computed from the sum of ranks, which is faster than
    comparing all pairs.

    Args:
      a: [..., n] scores.
      b: [..., m] scores.

    Returns:
      [...].
    """
    n, m = a.shape[-1], b.shape[-1]
    ranks = stats.rankdata(np.concatenate([a, b], axis=-1), axis=-1)
    return (ranks[..., :n].sum(axis=-1) - n * (n + 1) / 2) / (n * m)


def improvement_across(scores: pd.DataFrame, a: str, b: str) -> Estimate:
    """Computes the probability of improvement of a over b, as the mean over environments.

    Args:
      scores: [environment, configuration, seed, score]. Ranks need no normalisation. Environments
        without runs of both configurations are left out.
      a, b: names of the configurations.

    Returns:
      The estimate with a stratified bootstrap interval; without one, NaN and a note.

    Raises:
      ValueError: a score is not finite.
    """
    both = scores[scores["configuration"].isin([a, b])]
    present = both.groupby("environment", observed=True)["configuration"].nunique()
    both = both[both["environment"].isin(present.index[present == 2])]
    if both.empty:
        return Estimate(np.nan, np.nan, np.nan, "no environment has runs of both")
    strata = [part for name in (a, b) for part in _strata(both[both["configuration"] == name])]
    ends = np.cumsum([len(stratum) for stratum in strata])[:-1]

    def statistic(drawn: np.ndarray) -> np.ndarray:
        parts = np.split(drawn, ends, axis=-1)
        half = len(parts) // 2
        pairs = zip(parts[:half], parts[half:], strict=True)
        return np.mean([improvement(*pair) for pair in pairs], axis=0)

    estimate = float(statistic(np.concatenate(strata)))
    note = _why_no_interval(strata)
    if note:
        return Estimate(estimate, np.nan, np.nan, note)
    low, high = _interval(strata, statistic, generator(a, b, "improvement"))
    return Estimate(estimate, float(low), float(high))


def _strata(scores: pd.DataFrame) -> list[np.ndarray]:
    """Returns the scores of each environment; raises `ValueError` if one is not finite."""
    evidence.check_finite(scores)
    groups = scores.groupby("environment", observed=True)["score"]
    return [group.to_numpy(float) for _, group in groups]


def _interval(
    strata: list[np.ndarray],
    statistic: Statistic,
    rng: np.random.Generator,
    repetitions: int = REPETITIONS,
) -> np.ndarray:
    """Returns the ends of the stratified bootstrap interval, [2, ...]."""
    draws = resampling.bootstrap(strata, statistic, rng, repetitions)
    return resampling.percentiles(draws, [*map(len, strata)], CONFIDENCE)


def _above(scores: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Returns the share of [..., n] scores above each tau, [..., T]."""
    return (scores[..., :, None] > taus).mean(axis=-2)


def _why_no_interval(strata: Sequence[np.ndarray]) -> str:
    if min(map(len, strata)) < MINIMUM:
        return f"no interval: fewer than {MINIMUM} seeds"
    if all(np.ptp(stratum) == 0 for stratum in strata):
        return "no interval: all seeds equal"
    return ""
