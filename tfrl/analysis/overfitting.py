"""Where what was learned stops working: scores by split, the gaps between them, and verdicts.

A gap is a score on what was trained on minus a score on what was not, of one run at one evaluation:
- "held-out": training levels minus held-out levels, under the variation that was trained on;
- a variation: held-out levels under the variation that was trained on minus those under this one.
  It mixes what did not generalise with what is harder (or easier) for anyone; where other runs were
  trained on that variation, `generalization.lost` tells them apart.

Each run gives one value of each gap, and intervals are over runs, that is, seeds. They are never
over episodes: those of one run share its policy, and a thousand of them say nothing of what another
seed would have learned (Agarwal et al. 2021, https://arxiv.org/abs/2108.13264). What is judged is
the typical gap, the median over seeds, by a sign test (`tfrl.analysis.sign_test`). It holds for
gaps of any shape, where Student's t does not: of seeds that lose nothing but for one in ten, which
loses all, t intervals of five seeds exclude the true mean in half of all studies. Seeds alone would
not do where the levels trained on are few: see `tfrl.analysis.levels`.

Decided before any result was seen: a gap matters from `benchmarks.MARGIN` of the possible range on,
which is 5 points of success. A run that scores less than that above what one and the same action
scores (`benchmarks.constant_action`) has learned too little to lose any, and is not judged. That a
run is judged by a score that its gap contains makes gaps of runs near that line a little large.
"""

import collections
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import benchmarks, sign_test
from tfrl.analysis import levels as clusters
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import GROUP, RUN
from tfrl.analysis.sign_test import ALPHA, Differences
from tfrl.variations import GRID

HELD_OUT = "held-out"  # what is `tested` in a gap that is no variation
IDLE = "too little was learned to lose"
FOR_LEVELS = 0.2  # of the error of an interval, for the chance of which levels are trained on


@dataclass(frozen=True)
class Measure:
    """What scores are measured in."""

    column: str  # of `scores`: "success", a share of episodes, or "return", a mean over episodes
    low: float  # the least possible score; NaN if it is not known
    high: float  # the most

    @property
    def margin(self) -> float:
        """The least gap that matters."""
        return benchmarks.MARGIN * (self.high - self.low)


def success(environment_id: str) -> Measure | None:
    """The success rate, if it is known what success is."""
    known = benchmarks.get(environment_id).success is not None
    return Measure("success", 0.0, 1.0) if known else None


def mean_return(environment_id: str) -> Measure:
    """The mean return."""
    return Measure("return", *(benchmarks.get(environment_id).returns or (np.nan, np.nan)))


def floors(environment_id: str, measure: Measure) -> dict[str, float]:
    """What takes no learning, by variation: the success of one and the same action."""
    known = benchmarks.get(environment_id).constant_action if measure.column == "success" else {}
    return collections.defaultdict(lambda: measure.low, known)


def scores(evaluations: pd.DataFrame, threshold: float | None) -> pd.DataFrame:
    """Mean return and success rate of each run in each part of each evaluation.

    Args:
      evaluations: of environments of one id, as `Results` has them.
      threshold: the return from which on an episode succeeds; None if there is none.

    Returns:
      [environment, configuration, seed, step, split, variation, policy, return, success, episodes].
    """
    limit = np.nan if threshold is None else threshold
    frame = evaluations.assign(success=(evaluations["return"] >= limit).astype(float))
    keys = [*RUN, "step", "split", "variation", "policy"]
    groups = frame.groupby(keys, observed=True)
    found = groups[["return", "success"]].mean().assign(episodes=groups.size()).reset_index()
    # Texts, not categories, from here on: they are compared and combined, and few.
    found = found.astype(dict.fromkeys(["split", "variation", "policy"], str))
    return found if threshold is not None else found.assign(success=np.nan)


def learned(
    scores: pd.Series, variations: pd.Series, floors: Mapping[str, float], measure: Measure
) -> pd.Series:
    """Which scores on what was trained on are by the margin above what takes no learning."""
    # Where no range is known, neither is a margin: the comparison is false, and all have learned.
    return ~(scores - variations.map(lambda name: floors[name]).astype(float) < measure.margin)


def gaps(
    scores: pd.DataFrame, measure: Measure, floors: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Each run's gaps at each evaluation.

    Args:
      floors: by variation trained on; the least possible score if not given.

    Returns:
      [environment, configuration, seed, step, policy, tested, reference, score, gap, learned]:
      `tested` is "held-out" or a variation other than "grid", gap = reference - score.
    """
    floors = collections.defaultdict(lambda: measure.low) if floors is None else floors
    keys = [*RUN, "step", "policy"]
    known = scores[scores["variation"] != GRID].rename(columns={measure.column: "score"})
    split = {
        name: known.loc[known["split"] == name, [*keys, "variation", "score"]]
        for name in ("training", "held-out", "shifted")
    }
    names = {"score": "reference", "variation": "trained"}
    held_out, shifted = split["held-out"], split["shifted"]
    unseen = held_out.assign(tested=HELD_OUT).merge(
        split["training"].rename(columns=names), on=keys
    )
    shifted = shifted.rename(columns={"variation": "tested"})
    shifted = shifted.merge(held_out.rename(columns=names), on=keys)
    found = pd.concat([unseen, shifted], ignore_index=True)
    found["gap"] = found["reference"] - found["score"]
    found["learned"] = learned(found["reference"], found["trained"], floors, measure)
    return found[[*keys, "tested", "reference", "score", "gap", "learned"]]


def over_seeds(values: pd.DataFrame, by: Collection[str], column: str) -> pd.DataFrame:
    """Mean over seeds with its 95% interval, Student's t, which no verdict is made of.

    Args:
      values: a row a run.

    Returns:
      [*by, n, mean, low, high, note]; NaN for low and high where there is no interval, and then
      `note` says why. Seeds that are all equal have no spread to make one of.
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
    found = table[[*by, "mean"]].assign(low=table["mean"] - half, high=table["mean"] + half)
    return found.assign(n=n, note=note)


def typical(
    values: pd.DataFrame,
    by: Collection[str],
    column: str,
    family: int = 1,
    shared: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The median over seeds with its interval, which verdicts are made of.

    Args:
      values: a row a run.
      family: how many such intervals are to hold together with 95% (Bonferroni).
      shared: the variance that seeds have in common, as `levels.variance` gives it. A share of the
        error that an interval may have, `FOR_LEVELS`, is then for it: the interval of the seeds is
        widened, on both sides, by Student's t times its root.

    Returns:
      [*by, n, typical, low, high, note]; NaN for low and high where there are too few seeds to
      exclude anything (`sign_test.least_seeds`), or one level, and then `note` says so.
    """
    keys, rows, of_levels = list(by), [], {}
    if shared is not None:
        known = shared[[*keys, "of_levels", "levels"]].itertuples(index=False, name=None)
        of_levels = {tuple(key): (variance, count) for *key, variance, count in known}
    for key, own in values.groupby(keys, observed=True)[column]:
        variance, count = of_levels.get(key, (0.0, np.inf))
        of_chance = FOR_LEVELS * ALPHA / family if variance > 0 else 0.0
        alpha = ALPHA / family - of_chance
        differences = Differences.within(own.to_numpy(float))
        low, high = differences.interval(1 - alpha)
        if variance > 0:
            slack = stats.t.ppf(1 - of_chance / 2, count - 1) * np.sqrt(variance)
            low, high = low - slack, high + slack
        few = differences.trials < sign_test.least_seeds(alpha)
        note = "too few seeds" if few else ""
        if count < 2:
            low, high, note = np.nan, np.nan, "one level"
        rows.append((*key, differences.trials, differences.typical, low, high, note))
    table = pd.DataFrame(rows, columns=[*keys, "n", "typical", "low", "high", "note"])
    return table.astype(dict.fromkeys(("typical", "low", "high"), float))


def judged(estimates: pd.DataFrame, margin: float) -> pd.DataFrame:
    """Adds `verdict`, what the interval of a difference says of it.

    "gap": it lies above 0. "reverse": below. "none": it covers 0 and excludes whatever matters, a
    difference of `margin` or more. "inconclusive": it covers 0 and such a difference, or there is
    none. Comparisons with NaN are false, so that no interval is "inconclusive".
    """
    low, high = estimates["low"], estimates["high"]
    verdict = np.select([low > 0, high < 0, high < margin], ["gap", "reverse", "none"], "")
    return estimates.assign(verdict=np.where(verdict == "", "inconclusive", verdict))


def verdicts(
    gaps: pd.DataFrame, measure: Measure, family: int = 1, played: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Each gap over the seeds that learned, at each evaluation, with its verdict.

    Args:
      gaps: as `gaps` gives them.
      family: how many verdicts are to hold together.
      played: as `levels.played` gives it, of runs that share the levels they are trained on.

    Returns:
      [environment, configuration, step, policy, tested, runs, n, reference, score, gap, low, high,
      note, verdict]: of `runs`, n have learned, and all else is of them: medians, and the interval
      of that of the gap. If none has, that is NaN, the note `IDLE`, and the verdict "inconclusive".
    """
    by = [*GROUP, "step", "policy", "tested"]
    able = gaps[gaps["learned"]]
    shared = None
    if played is not None:
        terms = able[able["tested"] == HELD_OUT].assign(weight=1.0)
        shared = clusters.variance(terms, played, by)
    found = judged(typical(able, by, "gap", family, shared), measure.margin)
    if np.isfinite(span := measure.high - measure.low):  # which no gap is beyond
        found[["low", "high"]] = found[["low", "high"]].clip(-span, span)
    found = found.rename(columns={"typical": "gap"})
    groups = gaps.groupby(by, observed=True)
    medians = able.groupby(by, observed=True)[["reference", "score"]].median()
    table = groups.size().rename("runs").to_frame().join(medians).reset_index()
    table = table.merge(found, on=by, how="left")
    table["n"] = table["n"].fillna(0).astype(int)
    table = table.fillna({"note": IDLE, "verdict": "inconclusive"})
    numbers = ["runs", "n", "reference", "score", "gap", "low", "high", "note", "verdict"]
    return table[[*by, *numbers]]


def middle(steps: Collection[int], budget: int) -> int | None:
    """The last evaluation in the first half of training, that before it left out; None if none."""
    return max((step for step in steps if 0 < step <= budget / 2), default=None)


def widening(
    gaps: pd.DataFrame,
    first: int,
    last: int,
    measure: Measure,
    family: int = 1,
    played: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """By how much each gap grew between two evaluations, of runs that had learned by the second.

    Paired within each run, and with the chance of which levels are trained on: an agent that gets
    better may do so more on levels that happen to be easy.

    Args:
      gaps: as `gaps` gives them.
      first, last: their steps.
      family, played: as `verdicts` has them.

    Returns:
      [environment, configuration, policy, tested, n, typical, low, high, note, verdict].
    """
    keys, by = [*RUN, "policy", "tested"], [*GROUP, "policy", "tested"]
    at = {step: gaps[gaps["step"] == step] for step in (first, last)}
    able = at[last].loc[at[last]["learned"], keys]
    early, late = (able.merge(at[step], on=keys).sort_values(keys) for step in (first, last))
    both = early[[*keys, "gap"]].merge(late[[*keys, "gap"]], on=keys, suffixes=("_first", "_last"))
    both["growth"] = both["gap_last"] - both["gap_first"]
    shared = None
    if played is not None:
        terms = pd.concat([early.assign(weight=-1.0), late.assign(weight=1.0)])
        shared = clusters.variance(terms[terms["tested"] == HELD_OUT], played, by)
    return judged(typical(both, by, "growth", family, shared), measure.margin)
