"""Forgetting: what runs learned and lost again, in training and in evaluations.

A run forgets if it reaches the threshold at which its task counts as solved and later falls below a
limit. The limit is `SHARE` of the way from a random policy's return up to the threshold. (A share
of the threshold alone would lie above it where returns are negative.) These measures are our own.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import GROUP, RUN, WINDOW

SHARE = 0.8  # of the way from a random policy's return to the threshold


def failure_limit(threshold: float, random: float) -> float:
    """Returns the limit below which a return counts as forgotten.

    Args:
      threshold: return at which the task counts as solved.
      random: mean return of a random policy.
    """
    return random + SHARE * (threshold - random)


def training_falls(
    averages: pd.DataFrame,
    threshold: float,
    low: float,
    steps: int,
    window: int = WINDOW,
) -> pd.DataFrame:
    """Counts how often, and for how long, training returns of each run fell after it was solved.

    A run is solved when the mean return of its last 100 episodes reaches the threshold. It has
    fallen when that mean sinks below the limit, and stays down until it is solved again. So a mean
    that oscillates around the limit counts as one fall.

    Args:
      averages: output of `returns.moving_average` for one environment; averages of fewer than
        `window` episodes do not count.
      threshold: return at which the task counts as solved.
      low: the limit, from `failure_limit`.
      steps: step budget of a run.

    Returns:
      One row per run, [environment, configuration, seed, solved, falls, steps_down, share_down,
      ended_down]: whether it was ever solved; number of falls; steps it was down, in total and as a
      share of the steps after it was first solved; whether it ended down. For runs that were never
      solved, numbers are NaN and `ended_down` is False.
    """
    runs, run = returns.numbered(averages)
    average, step = averages["average"].to_numpy(), averages["step"].to_numpy(float)
    complete = averages["ordinal"].to_numpy() >= window
    event = np.where(average >= threshold, 1, np.where(average < low, -1, 0)) * complete
    start, stop = returns.bounds(run, len(runs))

    # The state after each episode is the run's latest event; 0 before its first one.
    row = np.arange(len(run))
    latest = np.maximum.accumulate(np.where(event != 0, row, -1))
    state = np.where(latest >= start[run], event[latest], 0)
    before = np.where(row > start[run], np.roll(state, 1), 0)
    first = np.full(len(runs), len(run))
    np.minimum.at(first, run[state == 1], row[state == 1])
    down = (state == -1) & (row > first[run])

    end = np.maximum(step[stop - 1], steps)
    until = np.where(row + 1 < stop[run], np.roll(step, -1), end[run])
    solved = first < len(run)
    since = end - step[np.where(solved, first, 0)]
    steps_down = np.bincount(run, down * (until - step), len(runs))
    falls = np.bincount(run, down & (before == 1), len(runs))
    with np.errstate(divide="ignore", invalid="ignore"):
        share_down = np.where(since > 0, steps_down / since, 0.0)
    return runs.assign(
        solved=solved,
        falls=np.where(solved, falls, np.nan),
        steps_down=np.where(solved, steps_down, np.nan),
        share_down=np.where(solved, share_down, np.nan),
        ended_down=down[stop - 1],
    )


def evaluation_failures(judged: pd.DataFrame, threshold: float, low: float) -> pd.DataFrame:
    """Finds runs whose policy once solved its task in an evaluation and failed at the last one.

    Training returns do not always show this: agents explore in training, and the average of the
    last 100 episodes may never reach a threshold that an evaluation reached.

    Args:
      judged: output of `returns.evaluation_curve`.
      threshold, low: as in `training_falls`, for the mean return of an evaluation.

    Returns:
      One row per run, [environment, configuration, seed, solved, failed, fell]: whether an
      evaluation reached the threshold; whether the last one is below the limit; whether both.
    """
    runs = judged.sort_values([*RUN, "step"]).groupby(RUN, observed=True)["average"]
    table = runs.agg(["max", "last"]).reset_index()
    table = table.assign(solved=table["max"] >= threshold, failed=table["last"] < low)
    return table.assign(fell=table["solved"] & table["failed"]).drop(columns=["max", "last"])


def summarise_evaluations(history: pd.DataFrame) -> pd.DataFrame:
    """Counts the seeds of each configuration whose policy failed at the last evaluation.

    Args:
      history: output of `evaluation_failures`.

    Returns:
      [environment, configuration, n, solved, failed, fell, share, low, high]: the number of runs,
      of runs that solved the task, that failed at the end, and that did both; the share that fell
      among those that solved it, with Wilson's 95% interval; NaN if none solved it.
    """
    table = history.groupby(GROUP, observed=True).agg(
        n=("solved", "size"),
        solved=("solved", "sum"),
        failed=("failed", "sum"),
        fell=("fell", "sum"),
    )
    return _with_share(table).reset_index()


def summarise_training(history: pd.DataFrame) -> pd.DataFrame:
    """Counts the seeds of each configuration whose training returns fell after they had solved.

    Args:
      history: output of `training_falls`.

    Returns:
      [environment, configuration, n, solved, fell, share, low, high, falls, steps_down,
      share_down, ended_down, note]: the number of runs, of runs that were ever solved, and of those
      that fell; the share that fell with Wilson's 95% interval; means over the runs that fell; the
      number that ended down. NaNs are explained in `note`.
    """
    fell = history["falls"] > 0
    groups = history.assign(fell=fell).groupby(GROUP, observed=True)
    table = groups.agg(
        n=("solved", "size"),
        solved=("solved", "sum"),
        fell=("fell", "sum"),
        ended_down=("ended_down", "sum"),
    )
    table = _with_share(table)
    measures = ["falls", "steps_down", "share_down"]
    table = table.join(history[fell].groupby(GROUP, observed=True)[measures].mean())
    reason = np.where(table["solved"] == 0, "never solved", "never fell")
    table["note"] = np.where(table["fell"] > 0, "", reason)
    columns = ["n", "solved", "fell", "share", "low", "high", *measures, "ended_down", "note"]
    return table[columns].reset_index()


def _with_share(table: pd.DataFrame) -> pd.DataFrame:
    """Adds the share that fell among those that solved it, with Wilson's interval."""
    low, high = evidence.wilson_interval(table["fell"], table["solved"])
    share = (table["fell"] / table["solved"]).where(table["solved"] > 0)
    return table.assign(share=share, low=low, high=high)
