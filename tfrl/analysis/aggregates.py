"""Scores over many runs and several environments, after Agarwal et al. (2021).

"Deep Reinforcement Learning at the Edge of the Statistical Precipice",
https://arxiv.org/abs/2108.13264. Their aggregates are for collections of environments: on one alone
the interquartile mean (IQM) cuts away exactly the seeds that collapsed.

Scores of different environments are made comparable by fixed anchors, 0 for a random policy and 1
for the target, and never by the extremes of what happens to be compared. Intervals are percentile
bootstraps stratified by environment, which resample the seeds within each: they say what other
seeds would have given, not what other environments would. They are theirs but for being expanded,
without which they would be too narrow for few seeds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import evidence, resampling
from tfrl.analysis.evidence import CONFIDENCE, MINIMUM, REPETITIONS, Estimate
from tfrl.analysis.resampling import Statistic, generator

PROFILE_REPETITIONS = 2_000  # a band is read by eye


def mean(scores: np.ndarray) -> np.ndarray:
    """Mean over the last axis."""
    return scores.mean(axis=-1)


def optimality_gap(scores: np.ndarray, target: float = 1.0) -> np.ndarray:
    """By how much scores fall short of the target, over the last axis; above it they count as it.

    target - mean(min(score, target)).
    """
    return target - np.minimum(scores, target).mean(axis=-1)


STATISTICS: dict[str, Statistic] = {
    "iqm": evidence.iqm,
    "mean": mean,
    "optimality_gap": optimality_gap,
}


def normalise(scores: pd.DataFrame, anchors: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """The scores with 0 for a random policy and 1 for the target; the rest are left out.

    Args:
      scores: [environment, configuration, seed, score].
      anchors: by the environment's name, what a random policy returns and the target, as
        `benchmarks.anchors` gives them.
    """
    known = scores[scores["environment"].isin(list(anchors))]
    names = known["environment"].astype(str)
    random, target = (
        names.map({name: pair[i] for name, pair in anchors.items()}).astype(float) for i in (0, 1)
    )
    return known.assign(score=(known["score"] - random) / (target - random))


def across(scores: pd.DataFrame) -> pd.DataFrame:
    """The aggregates of each configuration over all runs of all its environments.

    Args:
      scores: normalised.

    Returns:
      [configuration, environments, n, note] and `x`, `x_low`, `x_high` for x in `STATISTICS`; NaN
      where there is no interval, and then `note` says why.
    """
    rows = []
    for configuration, own in scores.groupby("configuration", observed=True):
        strata = _strata(own)
        pooled = np.concatenate(strata)
        row = {"configuration": configuration, "environments": len(strata), "n": len(pooled)}
        row["note"] = _why_no_interval(strata)
        for name, statistic in STATISTICS.items():
            low, high = np.nan, np.nan
            if not row["note"]:
                rng = generator(str(configuration), "across", name)
                draws = resampling.bootstrap(strata, statistic, rng, REPETITIONS)
                low, high = resampling.percentiles(draws, [*map(len, strata)], CONFIDENCE)
            row |= {name: float(statistic(pooled)), f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def performance_profile(
    scores: pd.DataFrame, taus: np.ndarray, by: Sequence[str] = ("configuration",)
) -> pd.DataFrame:
    """Which share of a configuration's runs score above tau, for every tau.

    Args:
      scores: of one environment as they are, or of several, normalised.
      taus: [T] scores.
      by: the columns that name a profile.

    Returns:
      [*by, tau, share, low, high, n], T rows a profile; `low` and `high` are the ends of a
      pointwise 95% band, NaN where `across` would have none.
    """
    parts = []
    for key, own in scores.groupby(list(by), observed=True):
        strata = _strata(own)
        share = _above(np.concatenate(strata), taus)
        low = high = np.full(len(taus), np.nan)
        if not _why_no_interval(strata):
            rng = generator(*map(str, key), "profile")
            draws = resampling.bootstrap(
                strata, lambda drawn: _above(drawn, taus), rng, PROFILE_REPETITIONS
            )
            low, high = resampling.percentiles(draws, [*map(len, strata)], CONFIDENCE)
        part = pd.DataFrame({"tau": taus, "share": share, "low": low, "high": high, "n": len(own)})
        for position, (column, value) in enumerate(zip(by, key, strict=True)):
            part.insert(position, column, value)
        parts.append(part)
    columns = [*by, "tau", "share", "low", "high", "n"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def improvement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How likely a run of a scores above one of b, ties counting one half.

    Mann and Whitney's U / (nm), from the sum of ranks: to compare all pairs would take n times as
    long.

    Args:
      a: [..., n] scores.
      b: [..., m].

    Returns:
      [...].
    """
    n, m = a.shape[-1], b.shape[-1]
    ranks = stats.rankdata(np.concatenate([a, b], axis=-1), axis=-1)
    return (ranks[..., :n].sum(axis=-1) - n * (n + 1) / 2) / (n * m)


def improvement_across(scores: pd.DataFrame, a: str, b: str) -> Estimate:
    """How likely a run of configuration a scores above one of b, mean over environments.

    Args:
      scores: as they are: ranks need no anchors. Environments that lack one of both are left out.

    Returns:
      The estimate, with a stratified bootstrap interval; NaN, and a note, where there is none.
    """
    both = scores[scores["configuration"].isin([a, b])]
    has = both.groupby("environment", observed=True)["configuration"].nunique()
    both = both[both["environment"].isin(has.index[has == 2])]
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
    draws = resampling.bootstrap(strata, statistic, generator(a, b, "improvement"), REPETITIONS)
    low, high = resampling.percentiles(draws, [*map(len, strata)], CONFIDENCE)
    return Estimate(estimate, float(low), float(high))


def _strata(scores: pd.DataFrame) -> list[np.ndarray]:
    """The scores of each environment. Raises `ValueError` if one is not finite."""
    if not np.isfinite(scores["score"]).all():
        raise ValueError("a run has a score that is not a finite number")
    groups = scores.groupby("environment", observed=True)["score"]
    return [own.to_numpy(float) for _, own in groups]


def _above(scores: np.ndarray, taus: np.ndarray) -> np.ndarray:
    """Share of [..., n] scores above each tau, [..., T]."""
    return (scores[..., :, None] > taus).mean(axis=-2)


def _why_no_interval(strata: Sequence[np.ndarray]) -> str:
    if min(map(len, strata)) < MINIMUM:
        return f"no interval: fewer than {MINIMUM} seeds"
    if all(np.ptp(stratum) == 0 for stratum in strata):
        return "no interval: all seeds equal"
    return ""
