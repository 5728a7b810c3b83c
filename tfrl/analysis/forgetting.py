"""What was learned and lost again: by the returns of training, and by the policy as evaluated.

A run has lost what it learned when it has reached the threshold at which its task counts as solved
and then sinks below a level, `SHARE` of the way up from what a random policy returns to the
threshold: a mere share of the threshold would lie above it where returns are negative. These are
our own measures.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import GROUP, RUN, WINDOW

SHARE = 0.8  # of the way from a random policy's return to the threshold


def level(threshold: float, random: float) -> float:
    """The return below which what was learned counts as lost."""
    return random + SHARE * (threshold - random)


def of_training(
    averages: pd.DataFrame,
    threshold: float,
    low: float,
    steps: int,
    window: int = WINDOW,
) -> pd.DataFrame:
    """How often each run of one environment fell after it had solved its task, and for how long.

    A run is solved when the mean return of its last 100 episodes reaches the threshold. It has
    fallen when that mean sinks below the level, and stays down until it is solved again, so that a
    mean that trembles about the level is one fall and not many.

    Args:
      averages: as `returns.moving_average` gives them; averages of fewer than `window` episodes
        do not count.
      threshold: return at which the task counts as solved.
      low: the level, as `level` gives it.
      steps: the step budget.

    Returns:
      One row a run, [environment, configuration, seed, solved, falls, steps_down, share_down,
      ended_down]: whether it was ever solved; how often it fell; how many steps it was down, in all
      and as a share of those after it was first solved; whether it ended down. NaN, and False, for
      runs that never were solved.
    """
    runs, run = returns.numbered(averages)
    average, step = averages["average"].to_numpy(), averages["step"].to_numpy(float)
    whole = averages["ordinal"].to_numpy() >= window
    event = np.where(average >= threshold, 1, np.where(average < low, -1, 0)) * whole
    start, stop = (np.searchsorted(run, np.arange(len(runs)), side) for side in ("left", "right"))

    # The state after each episode is the latest event of the run, which begins with none.
    here = np.arange(len(run))
    latest = np.maximum.accumulate(np.where(event != 0, here, -1))
    state = np.where(latest >= start[run], event[latest], 0)
    before = np.where(here > start[run], np.roll(state, 1), 0)
    first = np.full(len(runs), len(run))
    np.minimum.at(first, run[state == 1], here[state == 1])
    down = (state == -1) & (here > first[run])

    end = np.maximum(step[stop - 1], steps)
    until = np.where(here + 1 < stop[run], np.roll(step, -1), end[run])
    solved = first < len(run)
    since = end - step[np.where(solved, first, 0)]
    steps_down = _count(run, down * (until - step), len(runs))
    with np.errstate(divide="ignore", invalid="ignore"):
        share_down = np.where(since > 0, steps_down / since, 0.0)
    return runs.assign(
        solved=solved,
        falls=np.where(solved, _count(run, down & (before == 1), len(runs)), np.nan),
        steps_down=np.where(solved, steps_down, np.nan),
        share_down=np.where(solved, share_down, np.nan),
        ended_down=down[stop - 1],
    )


def of_judged(judged: pd.DataFrame, threshold: float, low: float) -> pd.DataFrame:
    """Whether the judged policy of each run had solved its task and was bad when training ended.

    Training does not always show it: agents explore there, and an average of the last 100 episodes
    may never reach the threshold where an evaluation did.

    Args:
      judged: as `returns.judged` gives it.
      threshold, low: as `of_training` has them, here of the mean return of an evaluation's episodes
        on held-out levels.

    Returns:
      One row a run, [environment, configuration, seed, solved, failed, fell]: whether an evaluation
      reached the threshold; whether the last one is below the level; whether both.
    """
    runs = judged.sort_values([*RUN, "step"]).groupby(RUN, observed=True)["average"]
    found = runs.agg(["max", "last"]).reset_index()
    found = found.assign(solved=found["max"] >= threshold, failed=found["last"] < low)
    return found.assign(fell=found["solved"] & found["failed"]).drop(columns=["max", "last"])


def of_policy(history: pd.DataFrame) -> pd.DataFrame:
    """In how many seeds the judged policy failed in the end, and in how many it had been good.

    Args:
      history: as `of_judged` gives it.

    Returns:
      [environment, configuration, n, solved, failed, fell, share, low, high]: the runs, and how
      many of them solved the task, failed in the end, did both; the share of both in those that
      solved it, with Wilson's 95% interval; NaN where none did.
    """
    table = history.groupby(GROUP, observed=True).agg(
        n=("solved", "size"),
        solved=("solved", "sum"),
        failed=("failed", "sum"),
        fell=("fell", "sum"),
    )
    return _with_share(table).reset_index()


def shares(history: pd.DataFrame) -> pd.DataFrame:
    """In what share of a configuration's solved seeds it happens, how often, and for how long.

    Args:
      history: as `of_training` gives it.

    Returns:
      [environment, configuration, n, solved, fell, share, low, high, falls, steps_down,
      share_down, ended_down, note]: the runs, those ever solved, those of them that fell, and their
      share with Wilson's 95% interval; means over those that fell; how many ended down. What is NaN
      has a `note`.
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
    none = np.where(table["solved"] == 0, "never solved", "never fell")
    table["note"] = np.where(table["fell"] > 0, "", none)
    columns = ["n", "solved", "fell", "share", "low", "high", *measures, "ended_down", "note"]
    return table[columns].reset_index()


def _with_share(table: pd.DataFrame) -> pd.DataFrame:
    """Adds in what share of those solved it happened, with Wilson's interval."""
    low, high = evidence.wilson_interval(table["fell"], table["solved"])
    share = (table["fell"] / table["solved"]).where(table["solved"] > 0)
    return table.assign(share=share, low=low, high=high)


def _count(run: np.ndarray, weights: np.ndarray, runs: int) -> np.ndarray:
    return np.bincount(run, weights, minlength=runs)
