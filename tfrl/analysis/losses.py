"""Training losses over seeds."""

import pandas as pd

BINS = 40  # of each curve: a fortieth of training each
KEYS = ["environment", "configuration", "name"]


def over_seeds(losses: pd.DataFrame, steps: int) -> pd.DataFrame:
    """Computes median, minimum and maximum of each loss over the seeds.

    Seeds log at different steps, so each seed contributes its mean in each of `BINS` bins.

    Args:
      losses: [environment, configuration, seed, step, name, value], as in `Results.losses`.
      steps: step budget of a run.

    Returns:
      [environment, configuration, name, step, median, low, high, seeds]; `step` is the end of a bin
      in environment steps.
    """
    number = (losses["step"] * BINS // steps).clip(upper=BINS - 1)
    by_seed = losses.assign(step=(number + 1) * steps // BINS).groupby(
        [*KEYS, "step", "seed"], observed=True, sort=False
    )["value"]
    groups = by_seed.mean().groupby([*KEYS, "step"], observed=True, sort=True)
    table = groups.agg(["median", "min", "max", "size"]).reset_index()
    return table.rename(columns={"min": "low", "max": "high", "size": "seeds"})
