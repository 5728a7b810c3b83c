"""Instability within runs, across runs and across episodes.

Measures are named after Chan et al. (2020), "Measuring the Reliability of Reinforcement Learning
Algorithms", https://arxiv.org/abs/1912.05663, with two differences. Long-term risk is the upper
tail of the drawdown: a collapse from 500 to 20 scores 480, and a curve that only rises scores 0.
(The lower tail, as in their published configuration, is about 0 for almost any curve.) And with
many equal values, as at a cap, a tail is a fixed number of values, not all values equal to its
edge.

A run's curve y is the mean return of its last 100 episodes, which is already low-pass filtered, at
`returns.CURVE_POINTS` evenly spaced steps. Its range is P95(y) - y[0].
"""

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, returns
from tfrl.analysis.returns import GROUP, RUN

SLIDING = 10  # differences in a window: a tenth of the budget
FIXED = (0.2, 0.4, 0.6, 0.8, 1.0)  # shares of the budget at which runs are compared
TAIL = 0.05  # share of the values in a tail


def over_time(averages: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Computes how unsteady each run was.

    Args:
      averages: output of `returns.moving_average`.
      steps: step budget of a run.

    Returns:
      One row per run, [environment, configuration, seed, dispersion, short_risk, long_risk,
      drawdown, range, note]:
      - dispersion: IQR of y's differences in a sliding window, median over windows, divided by the
        range; NaN if the range is not above 0, and then `note` says why;
      - short_risk: lower CVaR of the differences, in return per hundredth of the budget;
      - long_risk, drawdown: upper CVaR and maximum of the drawdown, running maximum - y, in return.
    """
    curves = returns.curves(averages, returns.evenly_spaced(steps))
    y = curves.values
    differences = np.diff(y, axis=1)
    drawdown = np.fmax.accumulate(y, axis=1) - y
    first = y[np.arange(len(y)), np.argmax(~np.isnan(y), axis=1)]
    span = quantile(y, 0.95) - first
    windows = np.lib.stride_tricks.sliding_window_view(differences, SLIDING, axis=1)
    low, high = np.quantile(windows, [0.25, 0.75], axis=-1)  # NaN in an incomplete window
    unsteadiness = quantile(high - low, 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = np.where(span > 0, unsteadiness / span, np.nan)
    note = np.where(np.isnan(span), "no episode ended", "the curve does not rise")
    note = np.where(np.isnan(dispersion) & (span > 0), "the curve is too short", note)
    return curves.runs.assign(
        dispersion=dispersion,
        short_risk=lower_cvar(differences),
        long_risk=-lower_cvar(-drawdown),
        drawdown=quantile(drawdown, 1.0),
        range=span,
        note=np.where(np.isnan(dispersion), note, ""),
    )


def across_runs(averages: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Computes the spread of a configuration's runs at the shares `FIXED` of the budget.

    Args:
      averages: output of `returns.moving_average`.
      steps: step budget of a run.

    Returns:
      [environment, configuration, step, n, iqr, cvar, note]: IQR and lower CVaR of y over the n
      runs that have ended an episode by then; for n <= 20 the CVaR is the lowest value. NaN for
      fewer than two runs, and then `note` says so.
    """
    curves = returns.curves(averages, np.array(FIXED) * steps)
    parts = []
    for key, rows in curves.runs.groupby(GROUP, observed=True, sort=False).indices.items():
        values = curves.values[rows].T  # [len(FIXED), n]
        n = np.count_nonzero(~np.isnan(values), axis=1)
        part = pd.DataFrame({"step": curves.grid, "n": n, "iqr": iqr(values)})
        part["cvar"] = lower_cvar(values)
        part.loc[n < 2, ["iqr", "cvar"]] = np.nan
        part["note"] = np.where(n < 2, "needs two seeds", "")
        parts.append(part.assign(**dict(zip(GROUP, key, strict=True))))
    return returns.concat(parts, [*GROUP, "step", "n", "iqr", "cvar", "note"])


def across_rollouts(evaluations: pd.DataFrame, steps: int, policy: str) -> pd.DataFrame:
    """Computes the spread of the episodes of each run's final policy, on held-out levels.

    Args:
      evaluations: as in `Results`.
      steps: step budget of a run, which is the step of the last scheduled evaluation.
      policy: "greedy" or "stochastic".

    Returns:
      One row per run, [environment, configuration, seed, episodes, iqr, cvar]: IQR and lower CVaR
      of the episodes' returns.
    """
    final = returns.held_out(evaluations[evaluations["step"] == steps], policy)
    ordered = final.sort_values(RUN, kind="stable")
    runs, run = returns.numbered(ordered)
    position = np.arange(len(run)) - np.searchsorted(run, run)
    episodes = np.bincount(run, minlength=len(runs))
    table = np.full((len(runs), episodes.max(initial=1)), np.nan)  # shorter rows end in NaN
    table[run, position] = ordered["return"].to_numpy()
    return runs.assign(episodes=episodes, iqr=iqr(table), cvar=lower_cvar(table))


def best_and_last(evaluations: pd.DataFrame, policy: str) -> pd.DataFrame:
    """Compares the best and the last checkpoint of each run.

    The best checkpoint is selected by the even episodes of each evaluation on held-out levels; of
    ties, the latest. Both checkpoints are scored by the odd episodes. Scored by the episodes that
    selected it, the best checkpoint would look better than it is.

    Args:
      evaluations: as in `Results`.
      policy: "greedy" or "stochastic".

    Returns:
      One row per run, [environment, configuration, seed, best_step, best, last, difference];
      difference is best - last. NaN if an evaluation has one episode only.
    """
    chosen = returns.held_out(evaluations, policy)
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
    scores, rows = odd.to_numpy(), np.arange(len(even))
    table = pd.DataFrame(
        {"best_step": steps[best], "best": scores[rows, best], "last": scores[rows, last]},
        index=even.index,
    )
    return table.assign(difference=table["best"] - table["last"]).reset_index()


def summary(per_run: pd.DataFrame, column: str) -> pd.DataFrame:
    """Summarises one measure over the runs of each configuration that have a value.

    Args:
      per_run: [environment, configuration, seed] and `column`.

    Returns:
      [environment, configuration, runs] and the output of `evidence.describe`; `runs` includes
      runs without a value.
    """
    rows = [
        dict(zip(GROUP, key, strict=True))
        | {"runs": len(values)}
        | evidence.describe(values.dropna().to_numpy(float), *map(str, key), column)
        for key, values in per_run.groupby(GROUP, observed=True)[column]
    ]
    return pd.DataFrame(rows)


def late_returns(episodes: pd.DataFrame, steps: int, share: float) -> pd.DataFrame:
    """Computes mean and standard deviation of the returns in the last `share` of the budget.

    Returns:
      One row per run, [environment, configuration, seed, mean, spread]. The spread has the divisor
      n - 1 and is NaN for fewer than two episodes.
    """
    late = episodes[episodes["step"] > (1 - share) * steps]
    spread = late.groupby(RUN, observed=True)["return"].agg(["mean", "std"])
    return spread.rename(columns={"std": "spread"}).reset_index()


def quantile(values: np.ndarray, q: float) -> np.ndarray:
    """Computes the quantile of each row of [R, N] without its NaNs; NaN if there is no value."""
    ordered = np.sort(values, axis=1)  # NaN last
    at = np.maximum(np.count_nonzero(~np.isnan(values), axis=1) - 1, 0) * q
    below = np.floor(at).astype(np.intp)
    above = np.ceil(at).astype(np.intp)
    rows = np.arange(len(values))
    low, high = ordered[rows, below], ordered[rows, above]
    return low + (at - below) * (high - low)


def iqr(values: np.ndarray) -> np.ndarray:
    """Computes the interquartile range of each row of [R, N] without its NaNs."""
    return quantile(values, 0.75) - quantile(values, 0.25)


def lower_cvar(values: np.ndarray, alpha: float = TAIL) -> np.ndarray:
    """Computes the conditional value at risk of each row of [R, N] without its NaNs.

    That is the mean of the ceil(alpha n) lowest of its n values.
    """
    ordered = np.sort(values, axis=1)  # NaN last
    n = np.count_nonzero(~np.isnan(values), axis=1)
    count = np.maximum(np.ceil(alpha * n - 1e-9).astype(np.intp), 1)
    tail = np.where(np.arange(values.shape[1]) < count[:, None], ordered, 0.0)
    return tail.sum(axis=1) / count
