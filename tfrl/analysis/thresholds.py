"""What the returns of an environment mean: when it is solved, when an episode succeeds, the range.

Ids may have "gymnasium:" before them.
"""

import math

# The least difference that matters, as a share of the way from a random policy's return to where
# the task counts as solved, or of the possible range of a success rate. Decided before any result
# was seen.
MARGIN = 0.05

# At which the mean return counts as solved: Gymnasium's `reward_threshold`, copied from its
# registry so that a report can be made without Gymnasium; a test compares.
THRESHOLDS: dict[str, float] = {
    "Acrobot-v1": -100.0,
    "BipedalWalker-v3": 300.0,
    "CartPole-v0": 195.0,
    "CartPole-v1": 475.0,
    "LunarLander-v3": 200.0,
    "MountainCar-v0": -110.0,
    "MountainCarContinuous-v0": 90.0,
}

# With at least which return an episode succeeds. Packer et al. (2018), section 4.3 of
# https://arxiv.org/abs/1810.12282: CartPole balanced for 195 of 200 steps, MountainCar's goal
# reached within 110, Acrobot's within 80, which is a return of -79, as its last step costs nothing.
# (Their code allows it 90.) CartPole-v1, which they do not have, succeeds where it counts as
# solved; a maze, where the goal is reached.
SUCCESS: dict[str, float] = {
    "Acrobot-v1": -79.0,
    "CartPole-v0": 195.0,
    "CartPole-v1": 475.0,
    "Maze-v0": 1.0,
    "MountainCar-v0": -110.0,
}

# The share of episodes in which the best of all constant actions succeeds, by variation: what takes
# no learning. Over the first 10,000 held-out levels, one episode a level, each action in turn, in
# this project's own environments; where nothing is listed, none ever succeeds. A test plays it
# again on fewer levels. In MountainCar, a strong enough engine drives straight up.
CONSTANT_ACTION: dict[str, dict[str, float]] = {
    "MountainCar-v0": {"D": 0.0, "R": 0.6125, "E": 0.7921},
    "Maze-v0": {"D": 0.0605, "perfect": 0.0517},
}

# What a policy that takes every action as often returns: the mean over the first 10,000 held-out
# levels, one episode a level, in this project's own environments under variation D. A test plays it
# again on fewer levels. MountainCar's goal is never reached.
RANDOM: dict[str, float] = {
    "Acrobot-v1": -498.93,
    "CartPole-v0": 22.34,
    "CartPole-v1": 22.34,
    "Maze-v0": 0.336,
    "MountainCar-v0": -200.0,
}

# The least and the most that an episode can return, or a round number just beyond.
RANGES: dict[str, tuple[float, float]] = {
    "Acrobot-v1": (-500.0, 0.0),
    "CartPole-v0": (0.0, 200.0),
    "CartPole-v1": (0.0, 500.0),
    "Maze-v0": (0.0, 1.0),
    "MountainCar-v0": (-200.0, 0.0),
}


def threshold(environment_id: str) -> float | None:
    """The return at which an environment counts as solved; None if there is none."""
    return THRESHOLDS.get(environment_id.removeprefix("gymnasium:"))


def success(environment_id: str) -> float | None:
    """The return from which on an episode of an environment succeeds; None if there is none."""
    return SUCCESS.get(environment_id.removeprefix("gymnasium:"))


def constant_action(environment_id: str) -> dict[str, float]:
    """The success rate of the best constant action, by variation; where it is above 0."""
    return CONSTANT_ACTION.get(environment_id.removeprefix("gymnasium:"), {})


def anchors(environment_id: str) -> tuple[float, float] | None:
    """What counts as 0 and as 1 where environments are compared, if that is known.

    That is the mean return of a random policy, and the return at which the task counts as solved;
    in a maze, which has no such threshold, the return of a success.
    """
    random = RANDOM.get(environment_id.removeprefix("gymnasium:"))
    target = threshold(environment_id)
    target = success(environment_id) if target is None else target
    return None if random is None or target is None else (random, target)


def return_range(environment_id: str) -> tuple[float, float] | None:
    """The least and the most that an episode of an environment can return, if that is known."""
    return RANGES.get(environment_id.removeprefix("gymnasium:"))


def margin(environment_id: str) -> float:
    """The least difference of two returns that matters; NaN if that is not known."""
    known = anchors(environment_id)
    return math.nan if known is None else MARGIN * (known[1] - known[0])
