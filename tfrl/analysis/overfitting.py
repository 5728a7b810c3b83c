"""Overfitting: scores by split, the gaps between them, and verdicts.

A gap is a score on what a run was trained on minus a score on something else, at one evaluation:
- "held-out": training levels minus held-out levels, under the variation trained on;
- a variation: held-out levels under the variation trained on minus those under this one. It
  includes that the variation may be harder or easier for any agent. If other runs were trained on
  this variation, `generalization.lost` separates the two.

Each run gives one value of each gap, and intervals are over runs, that is, over seeds, not over
episodes: the episodes of one run share its policy, so they do not show what another seed would
learn (Agarwal et al. 2021, https://arxiv.org/abs/2108.13264). Verdicts are on the typical gap, the
median over seeds, by a sign test (`tfrl.analysis.sign_test`), which holds for any distribution.
Student's t does not: if one seed in ten loses everything and the others nothing, t intervals of
five seeds exclude the true mean in half of all studies. If there are few training levels, the
variance over seeds is not enough: see `tfrl.analysis.level_variance`.

Fixed before any result was seen: a gap matters from `benchmarks.MARGIN` of the range on, which is 5
points of success. A run that exceeds the best constant action (`Benchmark.constant_action`) by less
than that has learned too little to lose anything, and is left out. This selection uses a score that
is part of the gap, so gaps of runs near the limit are slightly too large.
"""

import collections
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import benchmarks, level_variance, sign_test
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import GROUP, RUN
from tfrl.analysis.sign_test import ALPHA, UNDECIDED, Differences
from tfrl.variations import GRID

HELD_OUT = "held-out"  # value of `tested`, which is a variation otherwise
GAP = [*RUN, "step", "policy", "tested", "reference", "score", "gap", "learned"]  # columns of gaps
IDLE = "too little was learned to lose"
FOR_LEVELS = 0.2  # share of an interval's error for the choice of training levels


@dataclass(frozen=True)
class Measure:
    """The unit of scores."""

    column: str  # of `scores`: "success", a share of episodes, or "return", a mean over episodes
    low: float  # least possible score; NaN if not known
    high: float  # greatest possible score

    @property
    def margin(self) -> float:
        """The least gap that matters."""
        return benchmarks.MARGIN * (self.high - self.low)


def success(environment_id: str) -> Measure | None:
    """Returns the success rate as a measure, or None if success is not defined."""
    defined = benchmarks.get(environment_id).success is not None
    return Measure("success", 0.0, 1.0) if defined else None


def mean_return(environment_id: str) -> Measure:
    """Returns the mean return as a measure."""
    return Measure("return", *(benchmarks.get(environment_id).returns or (np.nan, np.nan)))


def floors(environment_id: str, measure: Measure) -> dict[str, float]:
    """Returns by variation the score of the best constant action, or the least possible score."""
    constant = benchmarks.get(environment_id).constant_action
    return collections.defaultdict(
        lambda: measure.low, constant if measure.column == "success" else {}
    )


def scores(evaluations: pd.DataFrame, threshold: float | None) -> pd.DataFrame:
    """Computes mean return and success rate of each run in each split of each evaluation.

    Args:
      evaluations: as in `Results`, of environments with one id.
      threshold: least return of a successful episode; None if there is none.

    Returns:
      [environment, configuration, seed, step, split, variation, policy, return, success, episodes].
    """
    limit = np.nan if threshold is None else threshold
    frame = evaluations.assign(success=(evaluations["return"] >= limit).astype(float))
    keys = [*RUN, "step", "split", "variation", "policy"]
    groups = frame.groupby(keys, observed=True)
    table = groups[["return", "success"]].mean().assign(episodes=groups.size()).reset_index()
    # Strings, not categories, because later code compares and combines them.
    table = table.astype(dict.fromkeys(["split", "variation", "policy"], str))
    return table if threshold is not None else table.assign(success=np.nan)


def learned(
    scores: pd.Series, variations: pd.Series, floors: Mapping[str, float], measure: Measure
) -> pd.Series:
    """Returns which scores on the training variation exceed its floor by the margin."""
    # Without a known range the margin is NaN: the comparison is false, and all have learned.
    return ~(scores - variations.map(lambda name: floors[name]).astype(float) < measure.margin)


def gaps(
    scores: pd.DataFrame, measure: Measure, floors: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Computes each run's gaps at each evaluation.

    Args:
      scores: output of `scores`.
      measure: of the scores.
      floors: by training variation; by default the least possible score.

    Returns:
      [environment, configuration, seed, step, policy, tested, reference, score, gap, learned]:
      `tested` is "held-out" or a variation other than "grid"; gap = reference - score.
    """
    floors = collections.defaultdict(lambda: measure.low) if floors is None else floors
    keys = [*RUN, "step", "policy"]
    table = scores[scores["variation"] != GRID].rename(columns={measure.column: "score"})
    split = {
        name: table.loc[table["split"] == name, [*keys, "variation", "score"]]
        for name in ("training", "held-out", "shifted")
    }
    names = {"score": "reference", "variation": "trained"}
    held_out, shifted = split["held-out"], split["shifted"]
    unseen = held_out.assign(tested=HELD_OUT).merge(
        split["training"].rename(columns=names), on=keys
    )
    shifted = shifted.rename(columns={"variation": "tested"})
    shifted = shifted.merge(held_out.rename(columns=names), on=keys)
    table = pd.concat([unseen, shifted], ignore_index=True)
    table["gap"] = table["reference"] - table["score"]
    table["learned"] = learned(table["reference"], table["trained"], floors, measure)
    return table[GAP]


def over_seeds(values: pd.DataFrame, by: Collection[str], column: str) -> pd.DataFrame:
    """Computes means over seeds with Student's 95% intervals, which no verdict depends on.

    Args:
      values: one row per run, with `by` and `column`.

    Returns:
      [*by, mean, low, high, n, note]. Without an interval, as if all seeds are equal, its ends are
      NaN and `note` says why.
    """
    grouped = values.groupby(list(by), observed=True)[column]
    table = grouped.agg(["count", "mean", "std", "min", "max"]).reset_index()
    n = table["count"].to_numpy()
    equal = (table["max"] - table["min"] <= 1e-9 * (1 + table["mean"].abs())).to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * table["std"] / np.sqrt(n)
    half = np.where((n < 2) | equal, np.nan, half)
    note = np.where(equal, [f"all {count} seeds equal" for count in n], "")
    note = np.select([n == 0, n == 1], ["no run", "one seed, so no interval"], note)
    means = table[[*by, "mean"]].assign(low=table["mean"] - half, high=table["mean"] + half)
    return means.assign(n=n, note=note)


def typical(
    values: pd.DataFrame,
    by: Collection[str],
    column: str,
    family: int = 1,
    shared: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Computes medians over seeds with the intervals that verdicts depend on.

    Args:
      values: one row per run, with `by` and `column`.
      family: number of intervals that hold together with 95% (Bonferroni).
      shared: output of `level_variance.shared_variance`. The share `FOR_LEVELS` of an interval's
        error is then reserved for it: both ends move outward by Student's t times its square root.

    Returns:
      [*by, n, typical, low, high, note]. With too few seeds to exclude any value
      (`sign_test.least_seeds`), or with one level, the ends are NaN and `note` says why.
    """
    keys, rows, of_levels = list(by), [], {}
    if shared is not None:
        records = shared[[*keys, "of_levels", "levels"]].itertuples(index=False, name=None)
        of_levels = {tuple(key): (variance, count) for *key, variance, count in records}
    for key, group in values.groupby(keys, observed=True)[column]:
        variance, count = of_levels.get(key, (0.0, np.inf))
        level_alpha = FOR_LEVELS * ALPHA / family if variance > 0 else 0.0
        alpha = ALPHA / family - level_alpha
        differences = Differences.within(group.to_numpy(float))
        low, high = differences.interval(1 - alpha)
        if variance > 0:
            slack = stats.t.ppf(1 - level_alpha / 2, count - 1) * np.sqrt(variance)
            low, high = low - slack, high + slack
        few = differences.trials < sign_test.least_seeds(alpha)
        note = "too few seeds" if few else ""
        if count < 2:
            low, high, note = np.nan, np.nan, "one level"
        rows.append((*key, differences.trials, differences.typical, low, high, note))
    table = pd.DataFrame(rows, columns=[*keys, "n", "typical", "low", "high", "note"])
    return table.astype(dict.fromkeys(("typical", "low", "high"), float))


def with_verdict(estimates: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Adds the column `verdict`, from the interval [low, high] of a difference.

    "gap": the interval is above 0. "reverse": it is below 0. "none": it contains 0 and excludes
    differences of `margin` or more. "undecided": otherwise, also without an interval (NaN).
    """
    low, high = estimates["low"], estimates["high"]
    verdict = np.select([low > 0, high < 0, high < margin], ["gap", "reverse", "none"], UNDECIDED)
    return estimates.assign(verdict=verdict)


def verdicts(
    gaps: pd.DataFrame,
    measure: Measure,
    family: int = 1,
    level_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Decides each gap at each evaluation, over the seeds that learned.

    Args:
      gaps: output of `gaps`.
      measure: of the scores.
      family: number of verdicts that hold together.
      level_scores: output of `level_variance.level_scores` for runs that share training levels.

    Returns:
      [environment, configuration, step, policy, tested, runs, n, reference, score, gap, low, high,
      note, verdict]: of `runs` runs, n learned. The other columns are medians over these, and the
      interval of the median gap. If n is 0, they are NaN, the note is `IDLE`, and the verdict is
      "undecided".
    """
    by = [*GROUP, "step", "policy", "tested"]
    able = gaps[gaps["learned"]]
    shared = level_variance.shared_variance(
        [(able[able["tested"] == HELD_OUT], 1.0)], level_scores, by
    )
    estimates = with_verdict(typical(able, by, "gap", family, shared), measure.margin)
    if np.isfinite(span := measure.high - measure.low):  # the largest possible gap
        estimates[["low", "high"]] = estimates[["low", "high"]].clip(-span, span)
    estimates = estimates.rename(columns={"typical": "gap"})
    groups = gaps.groupby(by, observed=True)
    medians = able.groupby(by, observed=True)[["reference", "score"]].median()
    table = groups.size().rename("runs").to_frame().join(medians).reset_index()
    table = table.merge(estimates, on=by, how="left")
    table["n"] = table["n"].fillna(0).astype(int)
    table = table.fillna({"note": IDLE, "verdict": UNDECIDED})
    numbers = ["runs", "n", "reference", "score", "gap", "low", "high", "note", "verdict"]
    return table[[*by, *numbers]]


def middle(steps: Collection[int], budget: int) -> int | None:
    """Returns the last evaluation step in (0, budget / 2], or None if there is none."""
    return max((step for step in steps if 0 < step <= budget / 2), default=None)


def widening(
    gaps: pd.DataFrame,
    first: int,
    last: int,
    measure: Measure,
    family: int = 1,
    level_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Computes the growth of each gap between two evaluations, for runs that learned by the second.

    Gaps are paired within each run. The choice of training levels adds variance here too: an agent
    that improves may improve more on levels that happen to be easy.

    Args:
      gaps: output of `gaps`.
      first, last: steps of the two evaluations.
      measure, family, level_scores: as in `verdicts`.

    Returns:
      [environment, configuration, policy, tested, n, typical, low, high, note, verdict].
    """
    keys, by = [*RUN, "policy", "tested"], [*GROUP, "policy", "tested"]
    at = {step: gaps[gaps["step"] == step] for step in (first, last)}
    able = at[last].loc[at[last]["learned"], keys]
    early, late = (able.merge(at[step], on=keys).sort_values(keys) for step in (first, last))
    both = early[[*keys, "gap"]].merge(late[[*keys, "gap"]], on=keys, suffixes=("_first", "_last"))
    both["growth"] = both["gap_last"] - both["gap_first"]
    unseen = (rows[rows["tested"] == HELD_OUT] for rows in (early, late))
    shared = level_variance.shared_variance(
        list(zip(unseen, (-1.0, 1.0), strict=True)), level_scores, by
    )
    return with_verdict(typical(both, by, "growth", family, shared), measure.margin)
