"""Learning curves from episodes and evaluations, and one score per run.

The tables are those of `Results`: episodes [environment, configuration, seed, step, episode,
return, length] and evaluations [environment, configuration, seed, step, split, variation, policy,
level, episode, return, length]. Steps are environment steps. Returns are undiscounted sums of
rewards. An evaluation has up to three splits: "training" (levels that were trained on), "held-out"
(other levels of the same variation) and "shifted" (other variations); see `tfrl.variations`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

RUN = ["environment", "configuration", "seed"]
GROUP = ["environment", "configuration"]
WINDOW = 100  # episodes in the moving average, as in Gymnasium's criterion for "solved"
CURVE_POINTS = 100  # points of a learning curve: one per hundredth of the budget


def numbered(ordered: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers the runs of a table that is sorted by run.

    Returns:
      [environment, configuration, seed] with R rows, and the run number of each row, [N].
    """
    run = ordered.groupby(RUN, observed=True, sort=False).ngroup().to_numpy()
    first = np.flatnonzero(np.diff(run, prepend=-1))
    return ordered[RUN].iloc[first].reset_index(drop=True), run


def bounds(run: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first row of each run and the row after its last, [R] each.

    Args:
      run: [N] run numbers, as from `numbered`.
      count: R, the number of runs.
    """
    numbers = np.arange(count)
    return np.searchsorted(run, numbers, "left"), np.searchsorted(run, numbers, "right")


def concat(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Concatenates tables and selects `columns`; without tables, the result has no rows."""
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True)[columns]


def held_out(evaluations: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Returns the evaluation episodes of a policy on held-out levels."""
    return evaluations[(evaluations["policy"] == policy) & (evaluations["split"] == "held-out")]


def moving_average(episodes: pd.DataFrame, window: int = WINDOW) -> pd.DataFrame:
    """Adds the number of each episode in its run and the mean return of the last `window` episodes.

    Returns:
      The episodes sorted by run and episode, with `ordinal` (from 1) and `average`. For the first
      `window - 1` episodes of a run, `average` is the mean of all episodes so far.
    """
    ordered = episodes.sort_values([*RUN, "episode"], kind="stable", ignore_index=True)
    _, run = numbered(ordered)
    ordinal = np.arange(len(ordered)) - np.searchsorted(run, run) + 1
    average = ordered["return"].groupby(run, sort=False).rolling(window, min_periods=1).mean()
    return ordered.assign(ordinal=ordinal, average=average.to_numpy(float))


def evenly_spaced(steps: int, points: int = CURVE_POINTS) -> np.ndarray:
    """Returns `points` evenly spaced environment steps, the last of which is `steps`."""
    return np.linspace(0, steps, points + 1)[1:]


@dataclass(frozen=True)
class Curves:
    """The learning curves of R runs on a common grid of G steps."""

    runs: pd.DataFrame  # [environment, configuration, seed], R rows
    grid: np.ndarray  # [G] environment steps
    values: np.ndarray  # [R, G]; NaN before a run's first value

    def table(self, value: str = "average") -> pd.DataFrame:
        """Returns [environment, configuration, seed, step, value], G rows per run."""
        repeated = self.runs.loc[self.runs.index.repeat(len(self.grid))].reset_index(drop=True)
        steps = np.tile(self.grid, len(self.runs))
        return repeated.assign(step=steps, **{value: self.values.ravel()})


def curves(averages: pd.DataFrame, grid: np.ndarray) -> Curves:
    """Samples each run's latest average at or before each step of a common grid.

    Args:
      averages: [environment, configuration, seed, step, average], in any order.
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
    """Computes the median over the runs of a configuration, where enough of them have a value.

    Args:
      curves: [environment, configuration, seed, average] and the column `by`.
      by: "step" or "ordinal".
      share: least share of the configuration's runs that must have a value.

    Returns:
      [environment, configuration, by, median, runs, complete]: `runs` counts the runs in the
      median; `complete` tells whether these are all runs of the configuration.
    """
    total = curves[RUN].drop_duplicates().groupby(GROUP, observed=True).size().rename("total")
    present = curves.dropna(subset=["average"]).groupby([*GROUP, by], observed=True)["average"]
    table = present.agg(median="median", runs="count").reset_index().merge(total.reset_index())
    table["complete"] = table["runs"] == table["total"]
    return table[table["runs"] >= share * table["total"]].drop(columns="total")


def evaluation_means(evaluations: pd.DataFrame, policy: str = "greedy") -> pd.DataFrame:
    """Computes a policy's mean return on held-out levels at each evaluation.

    Returns:
      [environment, configuration, seed, step, score]; NaN if the return of any episode is NaN.
    """
    chosen = held_out(evaluations, policy)
    scores = chosen.groupby([*RUN, "step"], observed=True)["return"].mean(skipna=False)
    return scores.rename("score").reset_index()


def evaluation_curve(evaluations: pd.DataFrame, policy: str = "greedy") -> pd.DataFrame:
    """Computes the learning curve of evaluations, with the columns of `moving_average`.

    Returns:
      [environment, configuration, seed, step, average, ordinal], sorted by run and step: `average`
      is the score of `evaluation_means`; `ordinal` numbers a run's evaluations from 1.
    """
    curve = evaluation_means(evaluations, policy).rename(columns={"score": "average"})
    curve = curve.sort_values([*RUN, "step"], kind="stable", ignore_index=True)
    return curve.assign(ordinal=curve.groupby(RUN, observed=True).cumcount() + 1)


def area_scores(judged: pd.DataFrame, steps: int, share: float = 1.0) -> pd.DataFrame:
    """Computes each run's mean evaluation return over the first `share` of the step budget.

    This is the area under the linear interpolation of its evaluations, divided by the steps. So
    each step has the same weight, whatever the spacing of the evaluations.

    Args:
      judged: output of `evaluation_curve`.
      steps: step budget of a run.

    Returns:
      [environment, configuration, seed, score].
    """
    end = share * steps
    rows = []
    for run, curve in judged.groupby(RUN, observed=True, sort=False):
        step, value = curve["step"].to_numpy(float), curve["average"].to_numpy(float)
        inside = step < end
        x = np.append(step[inside], end)
        y = np.append(value[inside], np.interp(end, step, value))
        rows.append((*run, np.trapezoid(y, x) / end))
    return pd.DataFrame(rows, columns=[*RUN, "score"]).astype({"score": float})


def final_scores(evaluations: pd.DataFrame, steps: int, policy: str = "greedy") -> pd.DataFrame:
    """Computes each run's final performance: its mean return at the last evaluation.

    Args:
      steps: step budget of a run, which is the step of the last scheduled evaluation.

    Returns:
      [environment, configuration, seed, score].
    """
    scores = evaluation_means(evaluations, policy)
    return scores.loc[scores["step"] == steps, [*RUN, "score"]].reset_index(drop=True)


def last_training_scores(episodes: pd.DataFrame, count: int = WINDOW) -> pd.DataFrame:
    """Computes the mean return of each run's last `count` episodes, or of all if it has fewer.

    Returns:
      [environment, configuration, seed, score].
    """
    ordered = episodes.sort_values([*RUN, "episode"], kind="stable")
    last = ordered.groupby(RUN, observed=True).tail(count)
    scores = last.groupby(RUN, observed=True)["return"].mean(skipna=False)
    return scores.rename("score").reset_index()
