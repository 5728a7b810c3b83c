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


def of_easy_and_hard_levels(rng, repetitions, seeds, known, skills):
    """Evaluations, each at one of the steps, of agents that solve an easy level more often.

    Every repetition trains on other levels, each as easy as chance has it.

    Args:
      known: how many levels are trained on; None for all.
      skills: of each step, by which the ease of a level is multiplied.
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
