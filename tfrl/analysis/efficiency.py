"""Sample efficiency: steps, gradient updates and seconds until a task is solved.

A run solves the task when its curve reaches the threshold: for the first time, or for good, which
means that it does not fall below it again before the run ends. The curve is that of evaluations
(`returns.evaluation_curve`, with a window of 1) or a moving average of episodes. A run that never
solves the task is censored: it takes longer than the run lasted. A mean over the runs that solved
it would hide the others, so the result is the share of all seeds that solved it by step t. All runs
have the same budget of steps, so this is the estimate of Kaplan and Meier (1958).

For updates and seconds, the result is the share that solved it by then and within the budget of
steps. The estimate of Kaplan and Meier would be wrong there: in CartPole, better runs have longer
episodes and fewer updates in their budget, so censoring is not independent of the outcome.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import CURVE_POINTS, GROUP, RUN, WINDOW

EVENTS = ("first", "for good")
CURVE = [*GROUP, "event", "unit"]
UNITS = {"steps": None, "updates": "updates", "seconds": "train_seconds"}  # unit: column of runs


def times(
    averages: pd.DataFrame,
    runs: pd.DataFrame,
    threshold: float,
    steps: int,
    window: int = WINDOW,
) -> pd.DataFrame:
    """Computes when each run of one environment solved the task.

    Only the total updates and seconds of a run are known, so both are assumed to be proportional to
    steps. Seconds are of training alone, measured on one core.

    Args:
      averages: output of `returns.moving_average`; averages of fewer than `window` episodes do not
        count.
      runs: [environment, configuration, seed, status, updates, train_seconds] of planned runs.
      threshold: return at which the task counts as solved.
      steps: step budget of a run.

    Returns:
      [environment, configuration, seed, event, unit, time, end] for each finished run, event of
      `EVENTS` and unit of `UNITS`. `time` is NaN if the event did not happen before the run's
      `end`; both are NaN if the unit is not known for the run.
    """
    finished = runs.loc[runs["status"] == "finished", [*RUN, "updates", "train_seconds"]]
    table = finished.merge(_solved_steps(averages, threshold, steps, window), "left", RUN)
    last = table["last"].fillna(steps).to_numpy()  # the budget, if a run ended no episode
    parts = []
    for event in EVENTS:
        for unit, column in UNITS.items():
            end = last if column is None else table[column].to_numpy(float, na_value=np.nan)
            time = table[event].to_numpy() * (end / last)
            parts.append(table[RUN].assign(event=event, unit=unit, time=time, end=end))
    return pd.concat(parts, ignore_index=True)


def _solved_steps(
    averages: pd.DataFrame, threshold: float, steps: int, window: int
) -> pd.DataFrame:
    """Returns [environment, configuration, seed, first, for good, last] in steps; NaN if never.

    `last` is the step at which the run ended: the budget, or the end of its last episode, if that
    lies beyond the budget within the run's last iteration.
    """
    runs, run = returns.numbered(averages)
    step = averages["step"].to_numpy(float)
    solved = (averages["average"] >= threshold).to_numpy() & (averages["ordinal"] >= window)
    start, stop = returns.bounds(run, len(runs))
    first = np.full(len(runs), np.nan)
    np.fmin.at(first, run[solved], step[solved])
    # For good: from the row after the last unsolved one, if such a row exists.
    since = start.copy()
    np.maximum.at(since, run[~solved], np.flatnonzero(~solved) + 1)
    held = since < stop
    good = np.where(held, step[np.where(held, since, start)], np.nan)
    return runs.assign(
        **{"first": first, "for good": good, "last": np.maximum(steps, step[stop - 1])}
    )


def first_solved(times: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Scores each run by how early it first solved the task; higher is earlier.

    Comparing runs by this score is Gehan's comparison of censored times (1965): all runs have the
    same budget, and those that never solve the task tie in the last place. The mean score is minus
    the restricted mean time (Royston and Parmar 2013, https://doi.org/10.1186/1471-2288-13-152).

    Args:
      times: output of `times`.
      steps: step budget of a run.

    Returns:
      [environment, configuration, seed, score]: minus the steps until the task was first solved;
      -(steps + 1) if it never was.
    """
    first = times[(times["event"] == "first") & (times["unit"] == "steps")]
    return first[RUN].assign(score=-first["time"].clip(upper=steps).fillna(steps + 1.0))


def solved(times: pd.DataFrame) -> pd.DataFrame:
    """Computes the share of a configuration's runs that solved the task, as a function of time.

    Args:
      times: output of `times`.

    Returns:
      [environment, configuration, event, unit, time, share, low, high, n], a step function: the
      share holds from a row's time up to the next row's. The first row is at time 0, the last at
      the end of the longest run. `low` and `high` are Wilson's pointwise 95% band.
    """
    parts = []
    for key, group in times.dropna(subset=["end"]).groupby(CURVE, observed=True, sort=False):
        when = np.sort(group["time"].dropna().to_numpy())
        moments = np.unique(np.concatenate([[0.0], when, [group["end"].max()]]))
        n = len(group)
        hits = np.searchsorted(when, moments, side="right")
        low, high = evidence.wilson_interval(hits, n)
        part = pd.DataFrame({"time": moments, "share": hits / n, "low": low, "high": high})
        parts.append(part.assign(**dict(zip(CURVE, key, strict=True)), n=n))
    return returns.concat(parts, [*CURVE, "time", "share", "low", "high", "n"])


def medians(curves: pd.DataFrame) -> pd.DataFrame:
    """Computes the time at which half of a configuration's runs have solved the task.

    The interval covers the times at which the band of `solved` contains one half (Brookmeyer and
    Crowley 1982).

    Args:
      curves: output of `solved`.

    Returns:
      [environment, configuration, event, unit, n, solved, median, low, high, end, note]: `solved`
      is the share at `end`. Times not reached by then are NaN, and `note` says why.
    """
    groups = curves.groupby(CURVE, observed=True, sort=False)
    table = groups.agg(n=("n", "first"), solved=("share", "last"), end=("time", "last"))
    for name, column in (("median", "share"), ("low", "high"), ("high", "low")):
        half = curves[curves[column] >= 0.5]
        table[name] = half.groupby(CURVE, observed=True, sort=False)["time"].first()
    table["note"] = np.select(
        [table["solved"] == 0, table["median"].isna(), table["high"].isna()],
        [
            "no seed solved it",
            "less than half of the seeds solved it",
            "no upper end in the budget",
        ],
        "",
    )
    columns = ["n", "solved", "median", "low", "high", "end", "note"]
    return table[columns].astype({"median": float, "low": float, "high": float}).reset_index()


def progress(
    averages: pd.DataFrame, runs: pd.DataFrame, steps: int, points: int = CURVE_POINTS
) -> pd.DataFrame:
    """Computes learning curves over steps, gradient updates and seconds of training.

    Args:
      averages: output of `returns.moving_average`.
      runs: [environment, configuration, seed, updates, train_seconds].
      steps: step budget of a run.

    Returns:
      [environment, configuration, seed, step, average, updates, seconds], `points` rows per run,
      evenly spaced in steps; updates and seconds are NaN if not known.
    """
    curves = returns.curves(averages, returns.evenly_spaced(steps, points)).table()
    table = curves.merge(runs[[*RUN, "updates", "train_seconds"]], "left", RUN)
    passed = table["step"] / steps
    return table.drop(columns=["updates", "train_seconds"]).assign(
        updates=passed * table["updates"].astype(float),
        seconds=passed * table["train_seconds"],
    )
