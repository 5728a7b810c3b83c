"""Estimates with intervals. tests/analysis/test_coverage.py measures the coverage of each.

- Mean: Student's t. Exact for normal scores. On a capped score the interval may reach past the cap.
  It is too narrow if a few scores are far away, since most samples have one such run or none.
- Median: between two of the ordered scores; holds for any distribution.
- IQM: percentile bootstrap, expanded for few seeds. With fewer than `MINIMUM` scores, neither this
  interval nor that of the median reaches its coverage, so none is computed.
- Difference of two means: Welch's t, for unequal variances and sizes. It keeps its level on few
  seeds for roughly symmetric scores, where the percentile bootstrap does not. It fails for scores
  that are mostly 0 and rarely large: of two agents with equal means, one of which loses 400 in a
  twentieth of its runs, it finds a difference in a third of all samples of n = 20. If one side has
  no variance, no interval is computed. Compare the number of failed runs as well.
- One more seed: a tolerance interval without assumptions on the distribution.
- Share of seeds: Wilson's interval, which has a width even for shares of 0 and 1.

Two sides that share their seeds are treated as unpaired. If their scores correlate positively, the
interval of the difference is slightly too wide.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import special, stats

from tfrl.analysis import resampling
from tfrl.analysis.resampling import Statistic, generator
from tfrl.analysis.returns import GROUP

CONFIDENCE = 0.95
MINIMUM = 5  # scores for an interval of the median: the extremes of 4 cover it with 87.5% only
REPETITIONS = 10_000  # bootstrap samples
CONTENT = 0.9  # share of all seeds that a tolerance interval should contain

Verdict = Literal["supported", "not supported", "undecided"]
Interval = tuple[float, float]
NONE: Interval = (np.nan, np.nan)


def iqm(scores: np.ndarray) -> np.ndarray:
    """Computes the interquartile mean over the last axis.

    floor(n / 4) scores are removed at each end, so none for n < 4 (Agarwal et al. 2021,
    https://arxiv.org/abs/2108.13264).
    """
    n = scores.shape[-1]
    return np.sort(scores, axis=-1)[..., n // 4 : n - n // 4].mean(axis=-1)


def median(scores: np.ndarray) -> np.ndarray:
    """Computes the median over the last axis."""
    return np.median(scores, axis=-1)


def t_interval(scores: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Computes Student's t interval of the mean of [n] scores; NaN if n < 2 or all are equal."""
    if len(scores) < 2 or np.ptp(scores) == 0:
        return NONE
    limit = special.stdtrit(len(scores) - 1, (1 + confidence) / 2)
    half = limit * np.std(scores, ddof=1) / np.sqrt(len(scores))
    return float(np.mean(scores) - half), float(np.mean(scores) + half)


def median_interval(scores: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Computes a distribution-free interval of the median of [n] scores.

    The median lies between the d-th lowest and the d-th highest score with confidence
    1 - 2 P(B < d), where B is binomial with n and 1/2: 94% between the extremes of five. With more
    scores, the interval is interpolated between the two d around `confidence` (Hettmansperger and
    Sheather 1986, https://doi.org/10.1016/0167-7152(86)90021-0).

    Returns:
      (low, high); NaN for fewer than `MINIMUM` scores or if all are equal.
    """
    n = len(scores)
    if n < MINIMUM or np.ptp(scores) == 0:
        return NONE
    ordered = np.sort(scores)
    coverage = 1 - 2 * special.bdtr(np.arange(n // 2), n, 0.5)  # of d = 1, 2, ..., decreasing
    d = max(1, int(np.count_nonzero(coverage >= confidence)))
    low, high = ordered[d - 1], ordered[-d]
    if coverage[d - 1] > confidence:
        share = (coverage[d - 1] - confidence) / (coverage[d - 1] - coverage[d])
        inward = (n - d) * share / (d + (n - 2 * d) * share)
        low += inward * (ordered[d] - low)
        high += inward * (ordered[-d - 1] - high)
    return float(low), float(high)


def bootstrap_interval(
    scores: np.ndarray,
    statistic: Statistic,
    generator: np.random.Generator,
    repetitions: int = REPETITIONS,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Computes the expanded percentile bootstrap interval of a statistic of [n] scores.

    Args:
      statistic: reduces the last axis of [repetitions, n].

    Returns:
      (low, high); NaN for fewer than `MINIMUM` scores or if all are equal.
    """
    if len(scores) < MINIMUM or np.ptp(scores) == 0:
        return NONE
    draws = resampling.bootstrap([scores], statistic, generator, repetitions)
    low, high = resampling.percentiles(draws, [len(scores)], confidence)
    return float(low), float(high)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval. Without an interval, the ends are NaN and `note` says why."""

    estimate: float
    low: float
    high: float
    note: str = ""


def empty_side(a: np.ndarray, b: np.ndarray) -> str:
    """Returns a note if one or both of two samples are empty, else ""."""
    if len(a) and len(b):
        return ""
    return f"no value on {'either side' if len(a) == len(b) else 'one side'}"


def welch(a: np.ndarray, b: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """Computes mean(a) - mean(b) of [n] and [m] unpaired scores, with Welch's interval (1947).

    There is no interval if a side has fewer than two scores or no variance: equal scores of a few
    seeds do not show that the variance is 0.
    """
    if note := empty_side(a, b):
        return Estimate(np.nan, np.nan, np.nan, note)
    estimate = float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) < 2:
        return Estimate(estimate, np.nan, np.nan, "an interval needs two values on each side")
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        where = "either side" if np.ptp(a) == np.ptp(b) else "one side"
        return Estimate(estimate, np.nan, np.nan, f"no spread on {where}, so no interval")
    u, v = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    freedom = (u + v) ** 2 / (u**2 / (len(a) - 1) + v**2 / (len(b) - 1))
    half = float(special.stdtrit(freedom, (1 + confidence) / 2) * np.sqrt(u + v))
    return Estimate(estimate, estimate - half, estimate + half)


@dataclass(frozen=True)
class Tolerance:
    """An interval that contains, with 95% confidence, at least `content` of all seeds."""

    low: float
    high: float
    content: float  # NaN for fewer than two scores
    note: str = ""  # if `content` is less than requested


def tolerance_interval(
    scores: np.ndarray, content: float = CONTENT, confidence: float = CONFIDENCE
) -> Tolerance:
    """Computes a distribution-free tolerance interval of [n] scores (Wilks 1941).

    The share of all seeds between the r-th lowest and the r-th highest of n scores has the
    distribution Beta(n - 2r + 1, 2r) if scores are continuous; ties make it larger. The largest r
    with at least `content` is used. For 90% that takes n >= 46. With fewer scores the result is
    the extremes, with the content that they guarantee: 78% at n = 20, 61% at n = 10, 34% at n = 5.
    """
    n = len(scores)
    if n < 2:
        return Tolerance(np.nan, np.nan, np.nan, "needs two seeds")
    r = np.arange(1, n // 2 + 1)
    contents = stats.beta.ppf(1 - confidence, n - 2 * r + 1, 2 * r)  # decreases with r
    enough = int(np.count_nonzero(contents >= content))
    cut = max(enough, 1)
    ordered = np.sort(scores)
    note = "" if enough else f"{n} seeds hold {contents[0]:.0%}, too few for {content:.0%}"
    return Tolerance(float(ordered[cut - 1]), float(ordered[-cut]), float(contents[cut - 1]), note)


def wilson_interval(
    hits: np.ndarray, n: np.ndarray | int, confidence: float = CONFIDENCE
) -> np.ndarray:
    """Computes Wilson's score interval (1927) for a share of `hits` in `n`, [2, ...]; NaN if n = 0.

    It lies within [0, 1] and has a width even if none or all are hits.
    """
    n = np.where(np.asarray(n) > 0, n, np.nan)
    z2 = stats.norm.ppf((1 + confidence) / 2) ** 2
    half = np.sqrt(z2 * (hits * (n - hits) / n + z2 / 4))
    return np.array([hits + z2 / 2 - half, hits + z2 / 2 + half]) / (n + z2)


def describe(scores: np.ndarray, *key: str) -> dict[str, object]:
    """Computes median, IQM and mean of [n] finite scores, each with its 95% interval.

    Args:
      key: names the scores; seeds the bootstrap's generator.

    Returns:
      n, min, max, note; `x`, `x_low`, `x_high` for x in median, iqm, mean; and `tolerance_x` for x
      in low, high, content, note. Without an interval, its ends are NaN and `note` says why.
    """
    n = len(scores)
    row: dict[str, object] = {"n": n, "min": np.nan, "max": np.nan, "note": ""}
    if n:
        row |= {"min": scores.min(), "max": scores.max()}
    intervals: dict[str, tuple[Statistic, Interval]] = {
        "median": (median, median_interval(scores)),
        "iqm": (iqm, bootstrap_interval(scores, iqm, generator(*key, "iqm"))),
        "mean": (np.mean, t_interval(scores)),
    }
    for name, (statistic, (low, high)) in intervals.items():
        estimate = float(statistic(scores)) if n else np.nan
        row |= {name: estimate, f"{name}_low": low, f"{name}_high": high}
    row |= {f"tolerance_{key}": value for key, value in vars(tolerance_interval(scores)).items()}
    if n == 0:
        row["note"] = "no score"
    elif n == 1:
        row["note"] = "no interval: one seed"
    elif np.ptp(scores) == 0:
        row["note"] = f"all {n} seeds equal"
    elif n < MINIMUM:
        row["note"] = f"no interval: fewer than {MINIMUM} seeds"
    return row


def check_finite(scores: pd.DataFrame, name: str = "score") -> None:
    """Raises `ValueError` if a value in the column `score` is NaN or infinite."""
    if not np.isfinite(scores["score"]).all():
        raise ValueError(f"{name} must be a finite number in every run, got NaN or infinity")


def summarise(scores: pd.DataFrame, runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """Counts the runs of each environment and configuration, and describes their scores.

    Args:
      scores: [environment, configuration, seed, score], one row per finished run.
      runs: [environment, configuration, seed, status] of all planned runs.
      name: of the score; seeds the bootstrap's generator.

    Returns:
      [environment, configuration, planned, finished, failed, missing] and the output of
      `describe`, also for configurations without a score.

    Raises:
      ValueError: a score is not finite. (Runs with such returns are stored as failed.)
    """
    check_finite(scores, name)
    rows = []
    scored = dict(list(scores.groupby(GROUP, observed=True)["score"]))
    for (environment, configuration), status in runs.groupby(GROUP, observed=True)["status"]:
        values = scored.get((environment, configuration), pd.Series(dtype=float)).to_numpy(float)
        count = {key: int((status == key).sum()) for key in ("finished", "failed", "missing")}
        rows.append(
            {"environment": environment, "configuration": configuration, "planned": len(status)}
            | count
            | describe(values, environment, configuration, name)
        )
    return pd.DataFrame(rows)
