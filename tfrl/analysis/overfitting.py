"""Where what was learned stops working: scores by split, the gaps between them, and verdicts.

A gap is a score on what was trained on minus a score on what was not, of one run at one evaluation:
- "held-out": training levels minus held-out levels, under the variation that was trained on;
- a variation: held-out levels under the variation that was trained on minus those under this one.
  It mixes what did not generalise with what is harder (or easier) for anyone; where other runs were
  trained on that variation, `generalization.lost` tells them apart.

Each run gives one value of each gap, and intervals are over runs, that is, seeds: Student's t. They
are never over episodes: those of one run share its policy, and a thousand of them say nothing of
what another seed would have learned (Agarwal et al. 2021, https://arxiv.org/abs/2108.13264). Seeds
alone would not do where the levels trained on are few: see `tfrl.analysis.levels`.

Decided before any result was seen: a gap matters from `MARGIN` of the possible range on, which is 5
points of success. A run that scores less than that above what one and the same action scores
(`thresholds.constant_action`) has learned too little to lose any, and is not judged. That a run is
judged by a score that its gap contains makes gaps of runs near that line a little large.
"""

import collections
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import levels as clusters
from tfrl.analysis import thresholds
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import GROUP, RUN
from tfrl.conditions import GRID

MARGIN = 0.05  # share of the range of a score: the least gap that matters
HELD_OUT = "held-out"  # what is `tested` in a gap that is no variation
IDLE = "too little was learned to lose"


@dataclass(frozen=True)
class Measure:
    """What scores are measured in."""

    column: str  # of `scores`: "success", a share of episodes, or "return", a mean over episodes
    low: float  # the least possible score; NaN if it is not known
    high: float  # the most

    @property
    def margin(self) -> float:
        """The least gap that matters."""
        return MARGIN * (self.high - self.low)

    @property
    def most(self) -> float:
        """The most that two scores can differ by; infinite if that is not known."""
        span = self.high - self.low
        return span if np.isfinite(span) else np.inf

    def resolution(self, episodes: int) -> float:
        """The most that one of so many episodes can move a score."""
        return (self.high - self.low) / episodes


def policy(environment_id: str) -> str:
    """The policy that is judged: the greedy one, but in a maze the stochastic one.

    An agent without memory that always takes the action it rates highest walks in circles in mazes
    that it has not memorised: with every setting of studies/tuning-maze.toml, which judged the
    stochastic policy for that reason, it failed in nine mazes of ten. Ten mazes that are memorised
    it solves, so the greedy policy's gap is the larger one.
    """
    return "stochastic" if environment_id == "Maze-v0" else "greedy"


def success(environment_id: str) -> Measure | None:
    """The success rate, if it is known what success is."""
    known = thresholds.success(environment_id) is not None
    return Measure("success", 0.0, 1.0) if known else None


def mean_return(environment_id: str) -> Measure:
    """The mean return."""
    return Measure("return", *(thresholds.return_range(environment_id) or (np.nan, np.nan)))


def floors(environment_id: str, measure: Measure) -> dict[str, float]:
    """What takes no learning, by variation: the success of one and the same action."""
    known = thresholds.constant_action(environment_id) if measure.column == "success" else {}
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


def over_seeds(
    values: pd.DataFrame,
    by: Collection[str],
    column: str,
    resolution: float = 0.0,
    shared: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Mean over seeds with its 95% interval.

    Student's t. Seeds that are all equal have no spread to make one of. They do not show that there
    is none, only that the seeds did not meet it; with a `resolution`, the interval is then the one
    that would result if one episode of one seed had gone the other way.

    Args:
      values: a row a run.
      resolution: how far one episode can move a value; 0 for no interval where all are equal.
      shared: the variance that seeds have in common, as `levels.variance` gives it.

    Returns:
      [*by, n, mean, low, high, p, note]; NaN for low, high and p, the two-sided p-value of a mean
      of 0, where there is no interval, and then `note` says why.
    """
    grouped = values.groupby(list(by), observed=True)[column]
    table = grouped.agg(["count", "mean", "std", "min", "max"]).reset_index()
    n = table["count"].to_numpy()
    equal = (table["max"] - table["min"] <= 1e-9 * (1 + table["mean"].abs())).to_numpy()
    spread = np.where(equal, resolution / np.sqrt(n), table["std"])
    variance, freedom = spread**2 / n, n - 1.0
    if shared is not None:
        extra = table[list(by)].merge(shared, on=list(by), how="left")
        variance = variance + extra["of_levels"].fillna(0).to_numpy()
        freedom = np.minimum(freedom, extra["levels"].fillna(np.inf).to_numpy() - 1)
    none = (n < 2) | (equal & (resolution == 0))
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.where(none, np.nan, np.sqrt(variance))
        half = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * error
        p = 2 * stats.t.sf(table["mean"].abs() / error, freedom)
    note = np.where(equal, [f"all {count} seeds equal" for count in n], "")
    note = np.select([n == 0, n == 1], ["no run", "one seed, so no interval"], note)
    note = np.where((n > 1) & (freedom == 0), "one level, so no interval", note)
    found = table[[*by, "mean"]].assign(low=table["mean"] - half, high=table["mean"] + half, p=p)
    return found.assign(n=n, note=note)


def judged(estimates: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Adds `verdict`, what the interval of a difference says of it.

    "gap": it lies above 0. "reverse": below. "none": it covers 0 and excludes whatever matters, a
    difference of `Measure.margin` or more. "inconclusive": it covers 0 and such a difference, or
    there is none. Comparisons with NaN are false, so that no interval is "inconclusive".
    """
    low, high = estimates["low"], estimates["high"]
    verdict = np.select([low > 0, high < 0, high < measure.margin], ["gap", "reverse", "none"], "")
    return estimates.assign(verdict=np.where(verdict == "", "inconclusive", verdict))


def clipped(estimates: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Intervals of a difference of two scores, cut off at what is possible."""
    ends = estimates[["low", "high"]].clip(-measure.most, measure.most)
    return estimates.assign(low=ends["low"], high=ends["high"])


def verdicts(
    gaps: pd.DataFrame, measure: Measure, episodes: int, played: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Each gap over the seeds that learned, at each evaluation, with its verdict.

    Args:
      gaps: as `gaps` gives them.
      episodes: played by each run in each part of an evaluation.
      played: as `levels.played` gives it, of runs that share the levels they are trained on.

    Returns:
      [environment, configuration, step, policy, tested, runs, n, reference, score, gap, low, high,
      p, note, verdict]: of `runs`, n have learned, and all else is of them. If none has, that is
      NaN, the note `IDLE`, and the verdict "inconclusive".
    """
    by = [*GROUP, "step", "policy", "tested"]
    able = gaps[gaps["learned"]]
    shared = None
    if played is not None:
        terms = able[able["tested"] == HELD_OUT].assign(weight=1.0)
        shared = clusters.variance(terms, played, by)
    found = over_seeds(able, by, "gap", measure.resolution(episodes), shared)
    found = clipped(judged(found, measure), measure).rename(columns={"mean": "gap"})
    groups = gaps.groupby(by, observed=True)
    means = able.groupby(by, observed=True)[["reference", "score"]].mean()
    table = groups.size().rename("runs").to_frame().join(means).reset_index()
    table = table.merge(found, on=by, how="left")
    table["n"] = table["n"].fillna(0).astype(int)
    table = table.fillna({"note": IDLE, "verdict": "inconclusive"})
    numbers = ["runs", "n", "reference", "score", "gap", "low", "high", "p", "note", "verdict"]
    return table[[*by, *numbers]]


def middle(steps: Collection[int], budget: int) -> int | None:
    """The last evaluation in the first half of training, that before it left out; None if none."""
    return max((step for step in steps if 0 < step <= budget / 2), default=None)


def widening(
    gaps: pd.DataFrame,
    first: int,
    last: int,
    measure: Measure,
    episodes: int,
    played: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """By how much each gap grew between two evaluations, of runs that had learned by the second.

    Paired within each run, and with the chance of which levels are trained on: an agent that gets
    better may do so more on levels that happen to be easy.

    Args:
      gaps: as `gaps` gives them.
      first, last: their steps.
      episodes, played: as `verdicts` has them.

    Returns:
      [environment, configuration, policy, tested, mean, low, high, p, n, note, verdict].
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
    return judged(over_seeds(both, by, "growth", measure.resolution(episodes), shared), measure)
