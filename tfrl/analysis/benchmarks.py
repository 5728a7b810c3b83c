"""Known returns of each environment: thresholds, successes, ranges and random policies.

To add an environment, add a `Benchmark`. For other environments, a report has no threshold, no
success and no margin. Ids may begin with "gymnasium:".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

# The least difference that matters, as a share of the way from a random policy's return to that of
# a solved task, or of the range of a success rate. Fixed before any result was seen.
MARGIN = 0.05


@dataclass(frozen=True)
class Benchmark:
    """Known returns of one environment; None if unknown or undefined.

    `random` and `constant_action` are means over the first 10,000 held-out levels of this project's
    own environments, one episode per level. Tests check them on fewer levels, and check thresholds
    against Gymnasium's registry, so that reports do not need Gymnasium.
    """

    threshold: float | None = None  # mean return that counts as solved: `reward_threshold`
    success: float | None = None  # least return of a successful episode
    random: float | None = None  # mean return of uniformly random actions, under variation D
    returns: tuple[float, float] | None = None  # least and greatest return, or a bound close to it
    # Success rate of the best constant action, by variation, if above 0.
    constant_action: Mapping[str, float] = field(default_factory=dict)


# Success in CartPole-v0, MountainCar and Acrobot follows Packer et al. (2018), section 4.3 of
# https://arxiv.org/abs/1810.12282: the pole balanced for 195 of 200 steps, the goal reached within
# 110 steps, and within 80. The last is a return of -79, since the last step costs nothing; their
# code allows 90 steps. CartPole-v1, which they do not have, succeeds at its threshold; a maze, at
# the goal. With a strong enough engine, a constant action drives MountainCar straight up the hill.
BENCHMARKS: dict[str, Benchmark] = {
    "Acrobot-v1": Benchmark(threshold=-100.0, success=-79.0, random=-498.93, returns=(-500.0, 0.0)),
    "BipedalWalker-v3": Benchmark(threshold=300.0),
    "CartPole-v0": Benchmark(threshold=195.0, success=195.0, random=22.34, returns=(0.0, 200.0)),
    "CartPole-v1": Benchmark(threshold=475.0, success=475.0, random=22.34, returns=(0.0, 500.0)),
    "LunarLander-v3": Benchmark(threshold=200.0),
    "Maze-v0": Benchmark(
        success=1.0,
        random=0.336,
        returns=(0.0, 1.0),
        constant_action={"D": 0.0605, "perfect": 0.0517},
    ),
    "MountainCar-v0": Benchmark(
        threshold=-110.0,
        success=-110.0,
        random=-200.0,
        returns=(-200.0, 0.0),
        constant_action={"D": 0.0, "R": 0.6125, "E": 0.7921},
    ),
    "MountainCarContinuous-v0": Benchmark(threshold=90.0),
}


def get(environment_id: str) -> Benchmark:
    """Returns the benchmark of an environment; an empty one if it is not listed."""
    return BENCHMARKS.get(environment_id.removeprefix("gymnasium:"), Benchmark())


def anchors(environment_id: str) -> tuple[float, float] | None:
    """Returns the returns that normalise to 0 and 1, or None if they are not known.

    These are the mean return of a random policy and the threshold; without a threshold, as in a
    maze, the return of a success.
    """
    benchmark = get(environment_id)
    target = benchmark.success if benchmark.threshold is None else benchmark.threshold
    if benchmark.random is None or target is None:
        return None
    return benchmark.random, target


def margin(environment_id: str) -> float:
    """Returns the least difference of two returns that matters; NaN if not known."""
    pair = anchors(environment_id)
    return math.nan if pair is None else MARGIN * (pair[1] - pair[0])
