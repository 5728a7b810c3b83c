"""Synthetic evaluations for tests of overfitting."""

import numpy as np
import pandas as pd

from tfrl.analysis.overfitting import Measure

SUCCESS = Measure("success", 0.0, 1.0)
EPISODES = 100  # per evaluation and split


def played(
    seed, step, split, variation, returns, policy="greedy", configuration="ppo", levels=None
):
    """Returns one evaluation with an episode for each of `returns`."""
    count = len(returns)
    return pd.DataFrame(
        {"environment": "e", "configuration": configuration, "seed": seed, "step": step}
        | {"split": split, "variation": variation, "policy": policy}
        | {"level": np.arange(count) if levels is None else levels, "episode": np.arange(count)}
        | {"return": np.asarray(returns, float), "length": 1}
    )


def of_easy_and_hard_levels(rng, repetitions, seeds, known, skills):
    """Returns evaluations of agents that solve easy levels more often, one per step.

    Every repetition has other training levels, each with a random ease.

    Args:
      known: number of training levels; None for all levels.
      skills: by step, the factor of a level's ease.
    """
    shape = (repetitions, seeds, EPISODES)
    talent = np.clip(rng.normal(1, 0.15, shape[:2])[..., None], 0, 1.5)
    of_level = rng.beta(1.5, 3, (repetitions, known or 1))
    configuration, seed, _ = (axis.ravel() for axis in np.indices(shape))
    parts = []
    for step, skill in enumerate(skills):
        number = np.arange(seeds * EPISODES).reshape(seeds, EPISODES)
        number = number + rng.integers(1_000, size=shape[:2])[..., None]
        ease = {"held-out": rng.beta(1.5, 3, shape), "training": rng.beta(1.5, 3, shape)}
        if known:
            number = number % known
            ease["training"] = of_level[np.arange(repetitions)[:, None, None], number]
        for split, easy in ease.items():
            wins = rng.random(shape) < np.clip(easy * talent * skill, 0, 1)
            part = {"environment": "e", "configuration": configuration, "seed": seed, "step": step}
            part |= {"split": split, "variation": "D", "policy": "greedy", "level": number.ravel()}
            parts.append(pd.DataFrame(part | {"return": wins.ravel().astype(float)}))
    return pd.concat(parts)
