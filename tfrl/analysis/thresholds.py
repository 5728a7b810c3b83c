"""The return at which an environment counts as solved: Gymnasium's `reward_threshold`.

Copied from Gymnasium's registry, so that a report can be made without Gymnasium; a test compares.
"""

THRESHOLDS: dict[str, float] = {
    "Acrobot-v1": -100.0,
    "BipedalWalker-v3": 300.0,
    "CartPole-v0": 195.0,
    "CartPole-v1": 475.0,
    "LunarLander-v3": 200.0,
    "MountainCar-v0": -110.0,
    "MountainCarContinuous-v0": 90.0,
}


def threshold(environment_id: str) -> float | None:
    """The threshold of an id, with or without "gymnasium:" before it; None if there is none."""
    return THRESHOLDS.get(environment_id.removeprefix("gymnasium:"))
