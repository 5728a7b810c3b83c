"""What a run does after it has learned: one number per run."""

import pandas as pd

from tfrl.analysis.returns import RUN


def threshold_history(averages: pd.DataFrame, threshold: float) -> pd.DataFrame:
    """How each run's moving average moved about the threshold.

    Args:
      averages: as `returns.moving_average` gives them.
      threshold: return at which the task counts as solved.

    Returns:
      One row a run: `reached` (did the average ever reach the threshold), `fall` (how far below it
      the average sank at its deepest afterwards, >= 0; NaN if it was never reached) and
      `ended_below` (reached, but below it after the last episode).
    """
    at_least = averages["average"] >= threshold
    keys = [averages[column] for column in RUN]
    since = at_least.groupby(keys, observed=True).cummax().astype(bool)
    deepest = averages["average"].where(since).groupby(keys, observed=True).agg(["min", "last"])
    return pd.DataFrame(
        {
            "reached": deepest["min"].notna(),
            "fall": (threshold - deepest["min"]).clip(lower=0),
            "ended_below": deepest["last"] < threshold,
        }
    ).reset_index()


def late_spread(episodes: pd.DataFrame, steps: int, share: float = 0.5) -> pd.DataFrame:
    """One row a run: standard deviation of the return of the episodes in the last `share` of steps.

    The divisor is n - 1; a run with fewer than two such episodes has NaN.
    """
    late = episodes[episodes["step"] > (1 - share) * steps]
    spread = late.groupby(RUN, observed=True)["return"].std(ddof=1)
    return spread.rename("spread").reset_index()
