"""Where what was learned stops working: scores by split, the gaps between them, and verdicts.

A gap is a score on what was trained on minus a score on what was not, of one run at one evaluation:
- "held-out": training levels minus held-out levels, under the variation that was trained on;
- a variation: held-out levels under the variation that was trained on minus those under this one.

Each run gives one value of each gap, and intervals are over runs, that is, seeds: Student's t. They
are never over episodes: those of one run share its policy, and a thousand of them say nothing of
what another seed would have learned (Agarwal et al. 2021, https://arxiv.org/abs/2108.13264).

Seeds alone would not do for the gap to held-out levels. All runs of a configuration are trained on
the same levels, and ten levels are easier or harder than others by chance: over seeds alone, a
policy that cannot overfit is accused in a third of all studies of ten levels and five seeds. So the
chance of which levels are trained on is counted too (`_of_levels`).

Decided before any result was seen: a gap matters from `MARGIN` of the possible range on, which is 5
points of success. Runs that learned less than that are not said to be free of overfitting.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

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

    def resolution(self, episodes: int) -> float:
        """The most that one of so many episodes can move a score."""
        return (self.high - self.low) / episodes


def policy(environment_id: str) -> str:
    """The policy that is judged: the greedy one, but in a maze the stochastic one.

    An agent without memory that always takes the action it rates highest walks in circles there:
    with every setting of studies/tuning-maze.toml, which judged the stochastic policy for that
    reason, it failed in nine mazes of ten.
    """
    return "stochastic" if environment_id == "Maze-v0" else "greedy"


def success(environment_id: str) -> Measure | None:
    """The success rate, if it is known what success is."""
    known = thresholds.success(environment_id) is not None
    return Measure("success", 0.0, 1.0) if known else None


def mean_return(environment_id: str) -> Measure:
    """The mean return."""
    return Measure("return", *(thresholds.return_range(environment_id) or (np.nan, np.nan)))


def scores(evaluations: pd.DataFrame, threshold: float | None) -> pd.DataFrame:
    """Mean return and success rate of each run in each part of each evaluation.

    Args:
      evaluations: of environments of one id, as `Results` has them.
      threshold: the return from which on an episode succeeds; None if there is none.

    Returns:
      [environment, configuration, seed, step, split, variation, policy, return, success, episodes,
      return_of_levels, success_of_levels, levels]; the last three as `_of_levels` has them.
    """
    limit = np.nan if threshold is None else threshold
    frame = evaluations.assign(success=(evaluations["return"] >= limit).astype(float))
    keys = [*RUN, "step", "split", "variation", "policy"]
    groups = frame.groupby(keys, observed=True)
    found = groups[["return", "success"]].mean().assign(episodes=groups.size()).reset_index()
    found = found.merge(_of_levels(frame), how="left")
    # Texts, not categories, from here on: they are compared and combined, and few.
    found = found.astype(dict.fromkeys(["split", "variation", "policy"], str))
    return found if threshold is not None else found.assign(success=np.nan)


def _of_levels(frame: pd.DataFrame) -> pd.DataFrame:
    """What the choice of the training levels adds to the variance of means over runs.

    Clusters of episodes that share a level, less those that share it and the run too, whose share
    is in the spread over runs already (Cameron, Gelbach and Miller 2011,
    https://doi.org/10.1198/jbes.2010.07136). It is next to 0 if no two runs meet the same level.

    Returns:
      [environment, configuration, step, split, variation, policy, return_of_levels,
      success_of_levels, levels] of the split "training"; the last is the number of levels met.
    """
    keys = [*GROUP, "step", "split", "variation", "policy"]
    frame = frame[frame["split"] == "training"]
    groups = frame.groupby(keys, observed=True)
    found = groups["level"].nunique().rename("levels").to_frame()
    for column in ("return", "success"):
        means, sizes = (groups[column].transform(of) for of in ("mean", "size"))
        residual = (frame[column] - means) / sizes
        parts = []
        for cluster in (["level"], ["level", "seed"]):
            sums = frame.assign(sum=residual).groupby([*keys, *cluster], observed=True)["sum"].sum()
            squares = (sums**2).groupby(level=keys, observed=True)
            count = squares.size()
            parts.append(squares.sum() * count / (count - 1))
        found[f"{column}_of_levels"] = (parts[0] - parts[1]).clip(lower=0)
    return found.reset_index()


def gaps(scores: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Each run's gaps at each evaluation.

    Returns:
      [environment, configuration, seed, step, policy, tested, reference, score, gap, of_levels,
      levels]: `tested` is "held-out" or a variation other than "grid", gap = reference - score, and
      `of_levels` is the variance that the choice of so many levels adds to the mean over runs.
    """
    keys = [*RUN, "step", "policy"]
    names = {measure.column: "score", f"{measure.column}_of_levels": "of_levels"}
    known = scores[scores["variation"] != GRID].rename(columns=names)
    split = {
        name: known.loc[known["split"] == name, [*keys, "variation", "score"]]
        for name in ("training", "held-out", "shifted")
    }
    of_levels = known.loc[known["split"] == "training", [*keys, "of_levels", "levels"]]
    training = split["training"].drop(columns="variation").rename(columns={"score": "reference"})
    training = training.merge(of_levels, on=keys)
    held_out = split["held-out"].drop(columns="variation")
    unseen = held_out.assign(tested=HELD_OUT).merge(training, on=keys)
    shifted = split["shifted"].rename(columns={"variation": "tested"})
    shifted = shifted.merge(held_out.rename(columns={"score": "reference"}), on=keys)
    shifted = shifted.assign(of_levels=0.0, levels=np.inf)  # each run has other ones
    found = pd.concat([unseen, shifted], ignore_index=True)
    found["gap"] = found["reference"] - found["score"]
    return found[[*keys, "tested", "reference", "score", "gap", "of_levels", "levels"]]


def over_seeds(
    values: pd.DataFrame,
    by: Collection[str],
    column: str,
    resolution: float = 0.0,
    of_levels: bool = False,
) -> pd.DataFrame:
    """Mean over seeds with its 95% interval.

    Student's t. Seeds that are all equal have no spread to make one of. They do not show that there
    is none, only that the seeds did not meet it; with a `resolution`, the interval is then the one
    that would result if one episode of one seed had gone the other way.

    Args:
      values: a row a run.
      resolution: how far one episode can move a value; 0 for no interval where all are equal.
      of_levels: whether the columns "of_levels" and "levels" of `gaps` count too.

    Returns:
      [*by, n, mean, low, high, note]; NaN for low and high where there is no interval, and then
      `note` says why.
    """
    grouped = values.groupby(list(by), observed=True)[column]
    table = grouped.agg(["count", "mean", "std", "min", "max"]).reset_index()
    n = table["count"].to_numpy()
    equal = (table["max"] - table["min"] <= 1e-9 * (1 + table["mean"].abs())).to_numpy()
    spread = np.where(equal, resolution / np.sqrt(n), table["std"])
    variance, freedom = spread**2 / n, n - 1.0
    if of_levels:
        shared = values.groupby(list(by), observed=True)[["of_levels", "levels"]].first()
        variance = variance + shared["of_levels"].to_numpy()
        freedom = np.minimum(freedom, shared["levels"].to_numpy() - 1)
    with np.errstate(invalid="ignore"):
        half = stats.t.ppf((1 + CONFIDENCE) / 2, freedom) * np.sqrt(variance)
    half = np.where((n < 2) | (equal & (resolution == 0)), np.nan, half)
    note = np.where(equal, [f"all {count} seeds equal" for count in n], "")
    note = np.select([n == 0, n == 1], ["no run", "one seed, so no interval"], note)
    note = np.where((n > 1) & (freedom == 0), "one level, so no interval", note)
    found = table[[*by, "mean"]].assign(low=table["mean"] - half, high=table["mean"] + half)
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


def verdicts(gaps: pd.DataFrame, measure: Measure, episodes: int) -> pd.DataFrame:
    """Each gap over seeds, at each evaluation, with its verdict.

    One that is "none" only because there was next to nothing to lose is "inconclusive", and `note`
    says so: the reference is less than the margin above the least possible score.

    Args:
      gaps: as `gaps` gives them.
      episodes: played by each run in each part of an evaluation.

    Returns:
      [environment, configuration, step, policy, tested, n, reference, score, gap, low, high, note,
      verdict]; all but low and high are means over seeds.
    """
    by = [*GROUP, "step", "policy", "tested"]
    found = judged(
        over_seeds(gaps, by, "gap", measure.resolution(episodes), of_levels=True), measure
    )
    means = gaps.groupby(by, observed=True)[["reference", "score"]].mean().reset_index()
    found = found.rename(columns={"mean": "gap"}).merge(means, on=by)
    idle = (found["verdict"] == "none") & (found["reference"] - measure.low < measure.margin)
    found.loc[idle, "verdict"] = "inconclusive"
    found.loc[idle, "note"] = IDLE
    numbers = ["n", "reference", "score", "gap", "low", "high", "note", "verdict"]
    return found[[*by, *numbers]]


def middle(steps: Collection[int], budget: int) -> int | None:
    """The last evaluation in the first half of training, that before it left out; None if none."""
    return max((step for step in steps if 0 < step <= budget / 2), default=None)


def widening(gaps: pd.DataFrame, first: int, last: int, measure: Measure, n: int) -> pd.DataFrame:
    """By how much each gap grew between two evaluations, paired within each run.

    Args:
      first, last: their steps.
      n: episodes played by each run in each part of an evaluation.

    Returns:
      [environment, configuration, policy, tested, mean, low, high, n, note, verdict].
    """
    keys = [*RUN, "policy", "tested"]
    ends = [gaps.loc[gaps["step"] == step, [*keys, "gap"]] for step in (first, last)]
    both = ends[0].merge(ends[1], on=keys, suffixes=("_first", "_last"))
    both["growth"] = both["gap_last"] - both["gap_first"]
    by = [*GROUP, "policy", "tested"]
    return judged(over_seeds(both, by, "growth", measure.resolution(n)), measure)
