"""Estimates with intervals, differences, verdicts.

Which interval where, and what it cannot do; tests/analysis/test_coverage.py measures how
often each holds:
- mean: Student's t. Exact for normal scores. On a capped score it may reach past the cap, and is
  too narrow if the rest is rare and far, as most draws then hold one such run or none.
- median: between two of the ordered scores, whatever the distribution.
- IQM: percentile bootstrap, expanded to be wide enough for few seeds. Below `MINIMUM` neither it
  nor the median's would hold what it says, so that none is given.
- difference of two means: Welch's t, which allows unequal spreads and sizes and keeps to its
  nominal error on few seeds for roughly symmetric scores, where the percentile bootstrap does not.
  For scores that are mostly 0 and rarely large it does not either: of two agents with the same
  mean, one of which falls by 400 in a twentieth of its runs, it finds a difference in a third of
  the draws of n = 20, since most draws hold one such run or none. A side without any spread gets no
  interval; beyond that, the counts of runs that fell have to be read with it.
- one more seed: a tolerance interval that assumes no shape, and says how little few seeds promise.
- a share of seeds: Wilson's, which has a width even where none or all of them are counted.
- Two sides that share their seeds, as ours do, are treated as unpaired: if that makes their scores
  correlate positively, the interval of the difference is a little too wide.
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
MINIMUM = 5  # scores for an interval of the median: between the extremes of 4 it is in 87.5%
REPETITIONS = 10_000
CONTENT = 0.9  # the share of all seeds that a tolerance interval is to hold

Verdict = Literal["supported", "not supported", "inconclusive"]
Interval = tuple[float, float]
NONE: Interval = (np.nan, np.nan)


def iqm(scores: np.ndarray) -> np.ndarray:
    """Interquartile mean over the last axis: the mean without the lowest and highest quarter.

    floor(n / 4) scores are cut at each end, so that with n < 4 nothing is (Agarwal et al. 2021,
    https://arxiv.org/abs/2108.13264).
    """
    n = scores.shape[-1]
    return np.sort(scores, axis=-1)[..., n // 4 : n - n // 4].mean(axis=-1)


def median(scores: np.ndarray) -> np.ndarray:
    """Median over the last axis."""
    return np.median(scores, axis=-1)


def t_interval(scores: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval for the mean of [n] scores; NaN for n < 2 or when all are equal."""
    if len(scores) < 2 or np.ptp(scores) == 0:
        return NONE
    limit = special.stdtrit(len(scores) - 1, (1 + confidence) / 2)
    half = limit * np.std(scores, ddof=1) / np.sqrt(len(scores))
    return float(np.mean(scores) - half), float(np.mean(scores) + half)


def median_interval(scores: np.ndarray, confidence: float = CONFIDENCE) -> Interval:
    """Interval for the median of [n] scores, of whatever distribution; NaN as `bootstrap_interval`.

    Between the d-th lowest and the d-th highest it lies with confidence 1 - 2 P(B < d), where B is
    binomial with n and 1/2: 94% between the extremes of five. With more seeds, interpolated between
    the two d about `confidence` (Hettmansperger and Sheather 1986,
    https://doi.org/10.1016/0167-7152(86)90021-0).
    """
    n = len(scores)
    if n < MINIMUM or np.ptp(scores) == 0:
        return NONE
    ordered = np.sort(scores)
    held = 1 - 2 * special.bdtr(np.arange(n // 2), n, 0.5)  # falls with d = 1, 2, ...
    d = max(1, int(np.count_nonzero(held >= confidence)))
    low, high = ordered[d - 1], ordered[-d]
    if held[d - 1] > confidence:
        share = (held[d - 1] - confidence) / (held[d - 1] - held[d])
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
    """Expanded percentile bootstrap interval of a statistic of [n] scores.

    Args:
      statistic: reduces the last axis of [repetitions, n].

    Returns:
      (low, high); NaN for fewer than `MINIMUM` scores or when all are equal.
    """
    if len(scores) < MINIMUM or np.ptp(scores) == 0:
        return NONE
    draws = resampling.bootstrap([scores], statistic, generator, repetitions)
    low, high = resampling.percentiles(draws, [len(scores)], confidence)
    return float(low), float(high)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval; where there is none, NaN, and `note` says why."""

    estimate: float
    low: float
    high: float
    note: str = ""


def welch(a: np.ndarray, b: np.ndarray, confidence: float = CONFIDENCE) -> Estimate:
    """mean(a) - mean(b) of [n] and [m] scores, unpaired, with Welch's interval (1947)."""
    if min(len(a), len(b)) == 0:
        where = "either side" if len(a) == len(b) else "one side"
        return Estimate(np.nan, np.nan, np.nan, f"no value on {where}")
    estimate = float(np.mean(a) - np.mean(b))
    if min(len(a), len(b)) < 2:
        return Estimate(estimate, np.nan, np.nan, "an interval needs two values on each side")
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        # Equal scores do not show that there is no spread, only that these seeds did not meet it.
        where = "either side" if np.ptp(a) == np.ptp(b) else "one side"
        return Estimate(estimate, np.nan, np.nan, f"no spread on {where}, so no interval")
    u, v = np.var(a, ddof=1) / len(a), np.var(b, ddof=1) / len(b)
    freedom = (u + v) ** 2 / (u**2 / (len(a) - 1) + v**2 / (len(b) - 1))
    half = float(special.stdtrit(freedom, (1 + confidence) / 2) * np.sqrt(u + v))
    return Estimate(estimate, estimate - half, estimate + half)


@dataclass(frozen=True)
class Tolerance:
    """Between `low` and `high` lie, with 95% confidence, at least `content` of all seeds."""

    low: float
    high: float
    content: float  # NaN for fewer than two scores
    note: str = ""  # where content is less than what was asked for


def tolerance_interval(
    scores: np.ndarray, content: float = CONTENT, confidence: float = CONFIDENCE
) -> Tolerance:
    """Where the score of one more seed will fall, whatever the distribution (Wilks 1941).

    The share of all seeds between the r-th lowest and the r-th highest of n scores is distributed
    as Beta(n - 2r + 1, 2r) if scores are continuous; ties make it larger. Taken is the largest r
    that holds `content`. From n = 46 on there is one for 90%; with fewer seeds no interval can
    promise that much without assuming a shape, which capped returns do not have, so that the
    extremes are given with what they do hold: 78% at n = 20, 61% at n = 10, 34% at n = 5.
    """
    n = len(scores)
    if n < 2:
        return Tolerance(np.nan, np.nan, np.nan, "needs two seeds")
    r = np.arange(1, n // 2 + 1)
    held = stats.beta.ppf(1 - confidence, n - 2 * r + 1, 2 * r)
    enough = int(np.count_nonzero(held >= content))  # held falls with r
    cut = max(enough, 1)
    ordered = np.sort(scores)
    note = "" if enough else f"{n} seeds hold {held[0]:.0%}, too few for {content:.0%}"
    return Tolerance(float(ordered[cut - 1]), float(ordered[-cut]), float(held[cut - 1]), note)


def wilson_interval(
    hits: np.ndarray, n: np.ndarray | int, confidence: float = CONFIDENCE
) -> np.ndarray:
    """Wilson's score interval (1927) for a share of `hits` among `n`, [2, ...]; NaN for n of 0.

    It keeps within 0 and 1, and has a width where none or all are hits.
    """
    n = np.where(np.asarray(n) > 0, n, np.nan)
    z2 = stats.norm.ppf((1 + confidence) / 2) ** 2
    half = np.sqrt(z2 * (hits * (n - hits) / n + z2 / 4))
    return np.array([hits + z2 / 2 - half, hits + z2 / 2 + half]) / (n + z2)


def describe(scores: np.ndarray, *key: str) -> dict[str, object]:
    """Median, IQM and mean of [n] finite scores with their 95% intervals, and where seeds fall.

    Args:
      key: what the scores are of, for the generator of the bootstrap.

    Returns:
      n, min, max, and `x`, `x_low`, `x_high` for x in median, iqm, mean; NaN where there is none,
      and then `note` says in words why. Of the tolerance interval `tolerance_x` for x in low, high,
      content, note.
    """
    n = len(scores)
    row: dict[str, object] = {"n": n, "min": np.nan, "max": np.nan, "note": ""}
    if n:
        row |= {"min": scores.min(), "max": scores.max()}
    found: dict[str, tuple[Statistic, Interval]] = {
        "median": (median, median_interval(scores)),
        "iqm": (iqm, bootstrap_interval(scores, iqm, generator(*key, "iqm"))),
        "mean": (np.mean, t_interval(scores)),
    }
    for name, (statistic, (low, high)) in found.items():
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


def summarise(scores: pd.DataFrame, runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """One row per environment and configuration: how many runs, and what they scored.

    Args:
      scores: one row a finished run, with a finite `score`; the harness stores a run whose returns
        are not finite as failed.
      runs: the planned runs with their `status`; each pair in it has a row, scored or not.
      name: what the score is.

    Returns:
      [environment, configuration, planned, finished, failed, missing, ...] and what `describe`
      gives. Raises `ValueError` if a score is not finite, so that none is ever dropped.
    """
    if not np.isfinite(scores["score"]).all():
        raise ValueError(f"a finished run has a {name} that is not a finite number")
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
