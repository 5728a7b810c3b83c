"""From episodes and evaluations to curves, and to one number per run.

The tables are those of `Results`: episodes [environment, configuration, seed, step, episode,
return, length] and evaluations [environment, configuration, seed, step, split, variation, policy,
level, episode, return, length]. Steps are environment steps, returns are undiscounted sums of
rewards. An evaluation plays levels that were trained on (split "training"), levels of the same
variation that never are ("held-out") and further variations ("shifted"); see `tfrl.variations`.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

RUN = ["environment", "configuration", "seed"]
GROUP = ["environment", "configuration"]
WINDOW = 100  # episodes in the moving average, as in Gymnasium's criterion for "solved"


def numbered(ordered: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers the runs of a frame that is sorted by run.

    Returns:
      [environment, configuration, seed], R rows, and [N], the number of the run of each row.
    """
    run = ordered.groupby(RUN, observed=True, sort=False).ngroup().to_numpy()
    first = np.flatnonzero(np.diff(run, prepend=-1))
    return ordered[RUN].iloc[first].reset_index(drop=True), run


def moving_average(episodes: pd.DataFrame, window: int = WINDOW) -> pd.DataFrame:
    """Adds to each episode its ordinal in the run and the mean return of the last `window` ones.

    Returns:
      The episodes, ordered by run and episode, with the columns `ordinal` (from 1) and `average`
      (of the first `window - 1` episodes of a run: the mean of all so far). So a run has no average
      only before its first episode has ended.
    """
    ordered = episodes.sort_values([*RUN, "episode"], kind="stable", ignore_index=True)
    _, run = numbered(ordered)
    ordinal = np.arange(len(ordered)) - np.searchsorted(run, run) + 1
    average = ordered["return"].groupby(run, sort=False).rolling(window, min_periods=1).mean()
    return ordered.assign(ordinal=ordinal, average=average.to_numpy(float))


@dataclass(frozen=True)
class Curves:
    """The curves of R runs on one grid of G steps."""

    runs: pd.DataFrame  # [environment, configuration, seed], R rows
    grid: np.ndarray  # [G] environment steps
    values: np.ndarray  # [R, G]; NaN before a run's first value

    def table(self, value: str = "average") -> pd.DataFrame:
        """[environment, configuration, seed, step, value], G rows a run."""
        repeated = self.runs.loc[self.runs.index.repeat(len(self.grid))].reset_index(drop=True)
        steps = np.tile(self.grid, len(self.runs))
        return repeated.assign(step=steps, **{value: self.values.ravel()})


def curves(averages: pd.DataFrame, grid: np.ndarray) -> Curves:
    """Each run's latest average at or before each step of one common grid.

    Args:
      averages: rows of runs with `step` and `average`, in any order of the runs.
      grid: [G] increasing environment steps.
    """
    frame = averages.sort_values([*RUN, "step"], kind="stable", ignore_index=True)
    runs, run = numbered(frame)
    if frame.empty:
        return Curves(runs, grid, np.empty((0, len(grid))))
    # One increasing key for all runs: a single binary search serves every run and grid point.
    step = frame["step"].to_numpy()
    span = 1 + max(grid[-1], step.max())
    wanted = np.arange(len(runs))[:, None] * span + grid  # [R, G]
    latest = np.searchsorted(run * span + step, wanted, side="right") - 1
    begun = (latest >= 0) & (run[latest] == np.arange(len(runs))[:, None])
    return Curves(runs, grid, np.where(begun, frame["average"].to_numpy(float)[latest], np.nan))


def centre(curves: pd.DataFrame, by: str, share: float = 0.5) -> pd.DataFrame:
    """Median over the runs of a configuration, where at least `share` of them have a value.

    Args:
      curves: rows of runs with the columns `by` (step or ordinal) and `average`.

    Returns:
      [environment, configuration, by, median, runs, complete]: `runs` is how many the median is
      over, `complete` whether that is all runs of the configuration.
    """
    total = curves[RUN].drop_duplicates().groupby(GROUP, observed=True).size().rename("total")
    present = curves.dropna(subset=["average"]).groupby([*GROUP, by], observed=True)["average"]
    table = present.agg(median="median", runs="count").reset_index().merge(total.reset_index())
    table["complete"] = table["runs"] == table["total"]
    return table[table["runs"] >= share * table["total"]].drop(columns="total")


def evaluation_means(evaluations: pd.DataFrame, policy: str = "greedy") -> pd.DataFrame:
    """[environment, configuration, seed, step, score]: the policy's mean return, held out.

    NaN if any of the episodes is: a score that is not a number is never averaged away.
    """
    chosen = evaluations[(evaluations["policy"] == policy) & (evaluations["split"] == "held-out")]
    scores = chosen.groupby([*RUN, "step"], observed=True)["return"].mean(skipna=False)
    return scores.rename("score").reset_index()


def judged(evaluations: pd.DataFrame, policy: str = "greedy") -> pd.DataFrame:
    """The curve of the policy at its evaluations, in the form of `moving_average`.

    Returns:
      [environment, configuration, seed, step, average, ordinal]: `average` is what
      `evaluation_means` gives, `ordinal` counts the run's evaluations from 1.
    """
    found = evaluation_means(evaluations, policy).rename(columns={"score": "average"})
    found = found.sort_values([*RUN, "step"], kind="stable", ignore_index=True)
    return found.assign(ordinal=found.groupby(RUN, observed=True).cumcount() + 1)


def judged_area(judged: pd.DataFrame, steps: int, share: float = 1.0) -> pd.DataFrame:
    """One row a run: the mean return of the judged policy over the first `share` of the budget.

    That is the area under the straight lines between its evaluations, divided by the steps, so
    that every step counts the same however close together the evaluations are.

    Args:
      judged: as `judged` gives it.
      steps: the step budget.
    """
    end = share * steps
    rows = []
    for run, own in judged.groupby(RUN, observed=True, sort=False):
        step, value = own["step"].to_numpy(float), own["average"].to_numpy(float)
        inside = step < end
        x = np.append(step[inside], end)
        y = np.append(value[inside], np.interp(end, step, value))
        rows.append((*run, np.trapezoid(y, x) / end))
    return pd.DataFrame(rows, columns=[*RUN, "score"]).astype({"score": float})


def final_scores(evaluations: pd.DataFrame, steps: int, policy: str = "greedy") -> pd.DataFrame:
    """Final performance, one row a run: that mean return at the last evaluation.

    Args:
      steps: the step budget, which is also the step of the last scheduled evaluation.
    """
    scores = evaluation_means(evaluations, policy)
    return scores.loc[scores["step"] == steps, [*RUN, "score"]].reset_index(drop=True)


def last_training_scores(episodes: pd.DataFrame, count: int = WINDOW) -> pd.DataFrame:
    """One row a run: mean return of its last `count` episodes, or of all if it has fewer."""
    ordered = episodes.sort_values([*RUN, "episode"], kind="stable")
    last = ordered.groupby(RUN, observed=True).tail(count)
    scores = last.groupby(RUN, observed=True)["return"].mean(skipna=False)
    return scores.rename("score").reset_index()
