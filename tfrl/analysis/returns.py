"""From episodes and evaluations to curves, and to one number per run.

The tables are those of `Results`: episodes [environment, configuration, seed, step, episode,
return, length] and evaluations [environment, configuration, seed, step, split, variation, policy,
level, episode, return, length]. Steps are environment steps, returns are undiscounted sums of
rewards. An evaluation plays levels that were trained on (split "training"), levels of the same
variation that never are ("held-out") and further variations ("shifted"); see `tfrl.conditions`.
"""

import numpy as np
import pandas as pd

RUN = ["environment", "configuration", "seed"]
GROUP = ["environment", "configuration"]
WINDOW = 100  # episodes in the moving average, as in Gymnasium's criterion for "solved"


def moving_average(episodes: pd.DataFrame, window: int = WINDOW) -> pd.DataFrame:
    """Adds to each episode its ordinal in the run and the mean return of the last `window` ones.

    Returns:
      The episodes, ordered by run and episode, with the columns `ordinal` (from 1) and `average`
      (of the first `window - 1` episodes of a run: the mean of all so far). So a run has no average
      only before its first episode has ended.
    """
    ordered = episodes.sort_values([*RUN, "episode"], kind="stable", ignore_index=True)
    runs = ordered.groupby(RUN, observed=True, sort=False)
    average = runs["return"].rolling(window, min_periods=1).mean().droplevel(RUN)
    return ordered.assign(ordinal=runs.cumcount() + 1, average=average.astype(float))


def on_step_grid(frame: pd.DataFrame, grid: np.ndarray, value: str = "average") -> pd.DataFrame:
    """Each run's latest `value` at or before each step of one common grid.

    Args:
      frame: rows of runs with `step` and `value`, in any order of the runs.
      grid: [G] increasing environment steps.

    Returns:
      [environment, configuration, seed, step, value], G rows a run; NaN before a run's first row.
    """
    if frame.empty:
        return frame[[*RUN, "step", value]]
    frame = frame.sort_values([*RUN, "step"], kind="stable", ignore_index=True)
    run = frame.groupby(RUN, observed=True, sort=False).ngroup().to_numpy()
    runs = frame[RUN].drop_duplicates(ignore_index=True)
    # One increasing key for all runs: a single binary search serves every run and grid point.
    span = 1 + max(grid[-1], frame["step"].max())
    wanted = np.arange(len(runs))[:, None] * span + grid  # [R, G]
    latest = np.searchsorted(run * span + frame["step"].to_numpy(), wanted, side="right") - 1
    begun = (latest >= 0) & (run[latest] == np.arange(len(runs))[:, None])
    values = np.where(begun, frame[value].to_numpy(float)[latest], np.nan)
    repeated = runs.loc[runs.index.repeat(len(grid))].reset_index(drop=True)
    return repeated.assign(step=np.tile(grid, len(runs)), **{value: values.ravel()})


def centre(
    curves: pd.DataFrame, by: str, value: str = "average", share: float = 0.5
) -> pd.DataFrame:
    """Median over the runs of a configuration, where at least `share` of them have a value.

    Args:
      curves: rows of runs with the columns `by` (step or ordinal) and `value`.

    Returns:
      [environment, configuration, by, median, runs, complete]: `runs` is how many the median is
      over, `complete` whether that is all runs of the configuration.
    """
    total = curves[RUN].drop_duplicates().groupby(GROUP, observed=True).size().rename("total")
    present = curves.dropna(subset=[value]).groupby([*GROUP, by], observed=True)[value]
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


def early_scores(
    averages: pd.DataFrame, steps: int, share: float, points: int = 1_000
) -> pd.DataFrame:
    """One row a run: the mean of its learning curve over the first `share` of the budget.

    That is the area under the moving average, taken at `points` evenly spaced steps, and so every
    step of training counts the same. (A mean over episodes would count the short ones most: the
    first, before anything is learned.) The curve begins where a run's first episode ends.

    Args:
      averages: as `moving_average` gives them.
      steps: the step budget.
    """
    grid = np.linspace(0, share * steps, points + 1)[1:]
    curves = on_step_grid(averages, grid)
    scores = curves.groupby(RUN, observed=True)["average"].mean()  # of the steps that have a value
    return scores.rename("score").reset_index()
