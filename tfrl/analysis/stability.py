"""What a run does on its way and after it has learned; how runs, and episodes, differ.

Names after Chan et al. (2020), "Measuring the Reliability of Reinforcement Learning Algorithms",
https://arxiv.org/abs/1912.05663, with two departures. Long-term risk is the upper tail of the
drawdown: a collapse from 500 to 20 scores 480 and a curve that only rises 0, where the lower tail
of their published configuration is about 0 for nearly any curve. And where many values are equal,
as at a cap, the tail is a fixed number of values and not all that equal its edge.

A run's curve y is the mean return of its last 100 episodes, which is low-pass filtered already, on
`POINTS` evenly spaced steps. Its range is P95(y) - y[0]. Everything is over all runs at once.
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import GROUP, RUN
from tfrl.analysis.tails import iqr, lower_cvar, quantile

POINTS = 100  # of a curve: one for each hundredth of the budget
SLIDING = 10  # differences in a window: a tenth of the budget
FIXED = (0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the budget at which runs are compared


def over_time(averages: pd.DataFrame, steps: int) -> pd.DataFrame:
    """How unsteady each run was.

    Args:
      averages: as `returns.moving_average` gives them.
      steps: the step budget.

    Returns:
      One row a run, [environment, configuration, seed, dispersion, short_risk, long_risk, drawdown,
      range, note]:
      - dispersion: IQR of y's differences in a sliding window, median over windows, over the range;
        NaN if the range is not above 0, and then `note` says so;
      - short_risk: lower CVaR of the differences, a return per hundredth of the budget;
      - long_risk, drawdown: upper CVaR and maximum of the drawdown, running maximum - y, a return.
    """
    found = returns.curves(averages, np.linspace(0, steps, POINTS + 1)[1:])
    y = found.values
    differences = np.diff(y, axis=1)
    drawdown = np.fmax.accumulate(y, axis=1) - y
    first = y[np.arange(len(y)), np.argmax(~np.isnan(y), axis=1)]
    span = quantile(y, 0.95) - first
    windows = np.lib.stride_tricks.sliding_window_view(differences, SLIDING, axis=1)
    unsteadiness = quantile(_iqr_of_whole(windows), 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.where(span > 0, unsteadiness / span, np.nan)
    note = np.where(np.isnan(span), "no episode ended", "the curve does not rise")
    note = np.where(np.isnan(dispersion) & (span > 0), "the curve is too short", note)
    return found.runs.assign(
        dispersion=dispersion,
        short_risk=lower_cvar(differences),
        long_risk=-lower_cvar(-drawdown),
        drawdown=quantile(drawdown, 1.0),
        range=span,
        note=np.where(np.isnan(dispersion), note, ""),
    )


def across_runs(averages: pd.DataFrame, steps: int) -> pd.DataFrame:
    """How far the runs of a configuration lie apart, at the shares `FIXED` of the budget.

    Returns:
      [environment, configuration, step, n, iqr, cvar, note]: over the n runs whose first episode
      has ended, the IQR and the lower CVaR of y; with n <= 20 that is the lowest. NaN for fewer
      than two runs, and then `note` says so.
    """
    found = returns.curves(averages, np.array(FIXED) * steps)
    parts = []
    for key, rows in found.runs.groupby(GROUP, observed=True, sort=False).indices.items():
        values = found.values[rows].T  # [len(FIXED), n]
        n = np.count_nonzero(~np.isnan(values), axis=1)
        part = pd.DataFrame({"step": found.grid, "n": n, "iqr": iqr(values)})
        part["cvar"] = lower_cvar(values)
        part.loc[n < 2, ["iqr", "cvar"]] = np.nan
        part["note"] = np.where(n < 2, "needs two seeds", "")
        parts.append(part.assign(**dict(zip(GROUP, key, strict=True))))
    columns = [*GROUP, "step", "n", "iqr", "cvar", "note"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def across_rollouts(evaluations: pd.DataFrame, steps: int, policy: str) -> pd.DataFrame:
    """How far apart the episodes of each run's final policy lie, on held-out levels.

    Args:
      evaluations: as `Results` has them.
      steps: the step budget, which is also the step of the last scheduled evaluation.
      policy: "greedy" or "stochastic".

    Returns:
      One row a run, [environment, configuration, seed, episodes, iqr, cvar]: the IQR and the lower
      CVaR of the episodes' returns.
    """
    chosen = evaluations["step"] == steps
    chosen &= (evaluations["policy"] == policy) & (evaluations["split"] == "held-out")
    ordered = evaluations[chosen].sort_values(RUN, kind="stable")
    runs, run = returns.numbered(ordered)
    position = np.arange(len(run)) - np.searchsorted(run, run)
    episodes = np.bincount(run, minlength=len(runs))
    table = np.full((len(runs), episodes.max(initial=1)), np.nan)  # the shorter ones end in NaN
    table[run, position] = ordered["return"].to_numpy()
    return runs.assign(episodes=episodes, iqr=iqr(table), cvar=lower_cvar(table))


def best_and_last(evaluations: pd.DataFrame, policy: str) -> pd.DataFrame:
    """What reporting the best checkpoint of each run would have hidden, of its `policy`.

    The best checkpoint is chosen by the even episodes of each evaluation on held-out levels, the
    latest of several, and it and the last one are judged by the odd ones. Judged by those that
    chose it, the best would look better than it is.

    Returns:
      One row a run, [environment, configuration, seed, best_step, best, last, difference];
      difference is best - last. NaN if an evaluation is of one episode.
    """
    chosen = evaluations[(evaluations["policy"] == policy) & (evaluations["split"] == "held-out")]
    means = (
        chosen.assign(odd=chosen["episode"] % 2)
        .groupby([*RUN, "step", "odd"], observed=True)["return"]
        .mean()
        .unstack("odd")
        .reindex(columns=[0, 1])
    )
    even, odd = (means[half].unstack("step") for half in (0, 1))  # [R, steps]
    steps = even.columns.to_numpy()
    if not len(even):
        return pd.DataFrame(columns=[*RUN, "best_step", "best", "last", "difference"])
    values = even.fillna(-np.inf).to_numpy()
    best = values.shape[1] - 1 - np.argmax(values[:, ::-1], axis=1)
    evaluated = even.notna().to_numpy()
    last = evaluated.shape[1] - 1 - np.argmax(evaluated[:, ::-1], axis=1)
    judged, rows = odd.to_numpy(), np.arange(len(even))
    found = pd.DataFrame(
        {"best_step": steps[best], "best": judged[rows, best], "last": judged[rows, last]},
        index=even.index,
    )
    return found.assign(difference=found["best"] - found["last"]).reset_index()


def summary(per_run: pd.DataFrame, column: str) -> pd.DataFrame:
    """One of these measures over the runs of each configuration that have it.

    Returns:
      [environment, configuration, runs, ...] and what `evidence.describe` gives; `runs` counts
      those without a value too.
    """
    rows = [
        dict(zip(GROUP, key, strict=True))
        | {"runs": len(own)}
        | evidence.describe(own.dropna().to_numpy(float), *map(str, key), column)
        for key, own in per_run.groupby(GROUP, observed=True)[column]
    ]
    return pd.DataFrame(rows)


def late_returns(episodes: pd.DataFrame, steps: int, share: float) -> pd.DataFrame:
    """One row a run: `mean` and `spread` of the returns in the last `share` of the budget.

    The spread is the standard deviation with the divisor n - 1; NaN for fewer than two episodes.
    """
    late = episodes[episodes["step"] > (1 - share) * steps]
    spread = late.groupby(RUN, observed=True)["return"].agg(["mean", "std"])
    return spread.rename(columns={"std": "spread"}).reset_index()


def _iqr_of_whole(windows: np.ndarray) -> np.ndarray:
    """The IQR over the last axis of [R, windows, width]; NaN where a window is not whole."""
    low, high = np.quantile(windows, [0.25, 0.75], axis=-1)
    return high - low
