"""How many samples, gradient updates and seconds a task takes; runs that never solve it count.

A run solves the task when its curve reaches the threshold: for the first time, or for good, which
is when it does not fall below again before the run ends. The curve is that of the judged policy at
its evaluations (`returns.judged`, with a window of 1), or a moving average of episodes. A run that
never does is censored: all that is known is that it takes longer than the run lasted. A mean over
those that made it would hide that, so what is shown is the share of all seeds solved by step t. As
all runs have the same budget of steps, that is Kaplan and Meier's estimate (1958).

Against updates and seconds it is the share solved by then and within the budget of steps. There,
Kaplan and Meier's would be wrong: in CartPole, the longer a run's episodes, the better it is and
the fewer updates its budget holds, so that who is censored first is no matter of chance.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import GROUP, RUN, WINDOW

EVENTS = ("first", "for good")
CURVE = [*GROUP, "event", "unit"]
UNITS = {"steps": None, "updates": "updates", "seconds": "train_seconds"}  # and where they are


def times(
    averages: pd.DataFrame,
    runs: pd.DataFrame,
    threshold: float,
    steps: int,
    window: int = WINDOW,
) -> pd.DataFrame:
    """When each run of one environment solved it.

    Within a run, updates and seconds are taken as proportional to steps, as only their totals are
    known; seconds are of training alone, as measured on one core.

    Args:
      averages: as `returns.moving_average` gives them; averages of fewer than `window` episodes do
        not count.
      runs: the planned runs, with their `status`, `updates` and `train_seconds`.
      steps: the step budget.

    Returns:
      [environment, configuration, seed, event, unit, time, end], for each finished run, event of
      `EVENTS` and unit of `UNITS`: `time` is NaN if it did not happen before the run's `end`, and
      both are NaN if the unit is not known of the run.
    """
    finished = runs.loc[runs["status"] == "finished", [*RUN, "updates", "train_seconds"]]
    found = finished.merge(_solved_steps(averages, threshold, steps, window), "left", RUN)
    last = found["last"].fillna(steps).to_numpy()  # of a run that ended no episode, the budget
    parts = []
    for event in EVENTS:
        for unit, column in UNITS.items():
            end = last if column is None else found[column].to_numpy(float, na_value=np.nan)
            time = found[event].to_numpy() * (end / last)
            parts.append(found[RUN].assign(event=event, unit=unit, time=time, end=end))
    return pd.concat(parts, ignore_index=True)


def _solved_steps(
    averages: pd.DataFrame, threshold: float, steps: int, window: int
) -> pd.DataFrame:
    """[environment, configuration, seed, first, for good, last]: steps; NaN: it never happened.

    `last` is the step at which the run ended: the budget, or its last episode's, which may have
    ended within the iteration that reached the budget.
    """
    runs, run = returns.numbered(averages)
    step = averages["step"].to_numpy(float)
    solved = (averages["average"] >= threshold).to_numpy() & (averages["ordinal"] >= window)
    start, stop = (np.searchsorted(run, np.arange(len(runs)), side) for side in ("left", "right"))
    first = np.full(len(runs), np.nan)
    np.fmin.at(first, run[solved], step[solved])
    # For good: from the episode after the last one that left it unsolved, if there is one.
    since = start.copy()
    np.maximum.at(since, run[~solved], np.flatnonzero(~solved) + 1)
    held = since < stop
    good = np.where(held, step[np.where(held, since, start)], np.nan)
    return runs.assign(
        **{"first": first, "for good": good, "last": np.maximum(steps, step[stop - 1])}
    )


def first_solved(times: pd.DataFrame, steps: int) -> pd.DataFrame:
    """How early each run first solved it, as a score: the higher, the earlier.

    So runs are compared by who is first, which is Gehan's comparison of censored times (1965): all
    runs have the same budget, and those that never solve it come last together. The mean is minus
    the restricted mean time (Royston and Parmar 2013,
    https://doi.org/10.1186/1471-2288-13-152), of times that end with the budget.

    Args:
      times: as `times` gives them.
      steps: the step budget.

    Returns:
      [environment, configuration, seed, score]: minus the steps until it was first solved, and
      minus the budget and one step more where that was never.
    """
    own = times[(times["event"] == "first") & (times["unit"] == "steps")]
    return own[RUN].assign(score=-own["time"].clip(upper=steps).fillna(steps + 1.0))


def solved(times: pd.DataFrame) -> pd.DataFrame:
    """Which share of a configuration's runs have solved the task by each time.

    Args:
      times: as `times` gives them.

    Returns:
      [environment, configuration, event, unit, time, share, low, high, n], a step function: from
      each row's time up to the next the share is that of the row. It begins at time 0 and its last
      row is the longest run's end. The pointwise 95% band is Wilson's.
    """
    parts = []
    for key, own in times.dropna(subset=["end"]).groupby(CURVE, observed=True, sort=False):
        when = np.sort(own["time"].dropna().to_numpy())
        moments = np.unique(np.concatenate([[0.0], when, [own["end"].max()]]))
        hits = np.searchsorted(when, moments, side="right")
        low, high = evidence.wilson_interval(hits, len(own))
        part = pd.DataFrame({"time": moments, "share": hits / len(own), "low": low, "high": high})
        parts.append(part.assign(**dict(zip(CURVE, key, strict=True)), n=len(own)))
    columns = [*CURVE, "time", "share", "low", "high", "n"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def medians(curves: pd.DataFrame) -> pd.DataFrame:
    """By when half of a configuration's runs have solved the task.

    The interval is where the band of `solved` holds one half (Brookmeyer and Crowley 1982).

    Args:
      curves: as `solved` gives them.

    Returns:
      [environment, configuration, event, unit, n, solved, median, low, high, end, note]: `solved`
      is the share at the `end`. What is not reached before that is NaN, and `note` says so.
    """
    groups = curves.groupby(CURVE, observed=True, sort=False)
    found = groups.agg(n=("n", "first"), solved=("share", "last"), end=("time", "last"))
    for name, column in (("median", "share"), ("low", "high"), ("high", "low")):
        half = curves[curves[column] >= 0.5]
        found[name] = half.groupby(CURVE, observed=True, sort=False)["time"].first()
    found["note"] = np.select(
        [found["solved"] == 0, found["median"].isna(), found["high"].isna()],
        [
            "no seed solved it",
            "less than half of the seeds solved it",
            "no upper end in the budget",
        ],
        "",
    )
    columns = ["n", "solved", "median", "low", "high", "end", "note"]
    return found[columns].astype({"median": float, "low": float, "high": float}).reset_index()


def progress(
    averages: pd.DataFrame, runs: pd.DataFrame, steps: int, points: int = 100
) -> pd.DataFrame:
    """The learning curves against steps, gradient updates and seconds of training.

    Returns:
      [environment, configuration, seed, step, average, updates, seconds], `points` rows a run,
      evenly spaced in steps; updates and seconds are NaN where they are not known.
    """
    found = returns.curves(averages, np.linspace(0, steps, points + 1)[1:])
    table = found.table().merge(runs[[*RUN, "updates", "train_seconds"]], "left", RUN)
    passed = table["step"] / steps
    return table.drop(columns=["updates", "train_seconds"]).assign(
        updates=passed * table["updates"].astype(float),
        seconds=passed * table["train_seconds"],
    )
