"""Losses of training, over seeds."""

import pandas as pd

POINTS = 40  # of each curve
KEYS = ["environment", "configuration", "name"]


def over_seeds(losses: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Median, least and greatest of each loss over the seeds.

    Seeds log at steps of their own, so each seed counts with its mean over a fortieth of training.

    Args:
      losses: [environment, configuration, seed, step, name, value], as `Results.losses` has them.
      steps: environment steps of a run.

    Returns:
      [environment, configuration, name, step, median, low, high, seeds], where `step` is the end of
      a fortieth of training.
    """
    point = (losses["step"] * POINTS // steps).clip(upper=POINTS - 1)
    by_seed = losses.assign(step=(point + 1) * steps // POINTS).groupby(
        [*KEYS, "step", "seed"], observed=True, sort=False
    )["value"]
    groups = by_seed.mean().groupby([*KEYS, "step"], observed=True, sort=True)
    found = groups.agg(["median", "min", "max", "size"]).reset_index()
    return found.rename(columns={"min": "low", "max": "high", "size": "seeds"})
