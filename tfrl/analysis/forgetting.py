"""How often a run that had solved its task falls again, how far, and for how long.

A run is solved when the mean return of its last 100 episodes reaches the threshold. It has fallen
when that mean sinks below a stated level, and stays fallen until it is solved again, so that a mean
that trembles about the level is one fall and not many. The level lies `SHARE` of the way up from
what a random policy returns to the threshold; a share of the threshold itself would lie above it
where returns are negative.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import GROUP, WINDOW

SHARE = 0.8


def forgetting(
    averages: pd.DataFrame,
    threshold: float,
    random: float,
    steps: int,
    share: float = SHARE,
    window: int = WINDOW,
) -> pd.DataFrame:
    """The falls of each run of one environment.

    Args:
      averages: as `returns.moving_average` gives them; averages of fewer than `window` episodes
        do not count.
      threshold: return at which the task counts as solved.
      random: what a random policy returns, as `thresholds.anchors` says.
      steps: the step budget.

    Returns:
      One row a run, [environment, configuration, seed, solved, level, falls, steps_down,
      share_down, ended_down]: whether it was ever solved; the level below which it counts as
      fallen; how often it fell; how many steps it was down, in all and as a share of those after it
      was first solved; whether it ended down. NaN, and False, for runs that never were solved.
    """
    runs, run = returns.numbered(averages)
    level = random + share * (threshold - random)
    average, step = averages["average"].to_numpy(), averages["step"].to_numpy(float)
    whole = averages["ordinal"].to_numpy() >= window
    event = np.where(average >= threshold, 1, np.where(average < level, -1, 0)) * whole
    start = np.flatnonzero(np.diff(run, prepend=-1))
    stop = np.append(start[1:], len(run))

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
        level=level,
        falls=np.where(solved, _count(run, down & (before == 1), len(runs)), np.nan),
        steps_down=np.where(solved, steps_down, np.nan),
        share_down=np.where(solved, share_down, np.nan),
        ended_down=down[stop - 1],
    )


def forgotten(history: pd.DataFrame) -> pd.DataFrame:
    """In what share of a configuration's solved seeds it happens, how often, and for how long.

    Args:
      history: as `forgetting` gives it.

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
    table["share"] = (table["fell"] / table["solved"]).where(table["solved"] > 0)
    table["low"], table["high"] = evidence.wilson_interval(table["fell"], table["solved"])
    measures = ["falls", "steps_down", "share_down"]
    table = table.join(history[fell].groupby(GROUP, observed=True)[measures].mean())
    none = np.where(table["solved"] == 0, "never solved", "never fell")
    table["note"] = np.where(table["fell"] > 0, "", none)
    columns = ["n", "solved", "fell", "share", "low", "high", *measures, "ended_down", "note"]
    return table[columns].reset_index()


def _count(run: np.ndarray, weights: np.ndarray, runs: int) -> np.ndarray:
    return np.bincount(run, weights, minlength=runs)
