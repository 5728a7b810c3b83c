"""Made-up evaluations for the analysis of overfitting."""

import numpy as np
import pandas as pd

from tfrl.analysis.overfitting import Measure

SUCCESS = Measure("success", 0.0, 1.0)
EPISODES = 100  # of an evaluation on one split


def played(
    seed, step, split, variation, returns, policy="greedy", configuration="ppo", levels=None
):
    """One evaluation: an episode for each of these returns."""
    count = len(returns)
    return pd.DataFrame(
        {"environment": "e", "configuration": configuration, "seed": seed, "step": step}
        | {"split": split, "variation": variation, "policy": policy}
        | {"level": np.arange(count) if levels is None else levels, "episode": np.arange(count)}
        | {"return": np.asarray(returns, float), "length": 1}
    )
