"""What a run does after it has learned: one number per run."""

import pandas as pd

from tfrl.analysis.returns import RUN, WINDOW


def threshold_history(
    averages: pd.DataFrame, threshold: float, window: int = WINDOW
) -> pd.DataFrame:
    """How each run's moving average moved about the threshold.

    Args:
      averages: as `returns.moving_average` gives them; averages of fewer than `window` episodes
        do not count.
      threshold: return at which the task counts as solved.

    Returns:
      One row a run: `reached` (did the average ever reach the threshold), `fall` (how far below it
      the average sank at its deepest afterwards, >= 0; NaN if it was never reached) and
      `ended_below` (reached, but below it after the last episode).
    """
    average = averages["average"].where(averages["ordinal"] >= window)
    keys = [averages[column] for column in RUN]
    since = (average >= threshold).groupby(keys, observed=True).cummax().astype(bool)
    deepest = average.where(since).groupby(keys, observed=True).agg(["min", "last"])
    return pd.DataFrame(
        {
            "reached": deepest["min"].notna(),
            "fall": (threshold - deepest["min"]).clip(lower=0),
            "ended_below": deepest["last"] < threshold,
        }
    ).reset_index()


def late_returns(episodes: pd.DataFrame, steps: int, share: float) -> pd.DataFrame:
    """One row a run: `mean` and `spread` of the returns in the last `share` of the budget.

    The spread is the standard deviation with the divisor n - 1; NaN for fewer than two episodes.
    """
    late = episodes[episodes["step"] > (1 - share) * steps]
    spread = late.groupby(RUN, observed=True)["return"].agg(["mean", "std"])
    return spread.rename(columns={"std": "spread"}).reset_index()
