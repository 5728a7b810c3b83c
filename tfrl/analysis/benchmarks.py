"""What is known of the returns of each environment: thresholds, success, ranges, random policies.

To add an environment: add a `Benchmark`. Reports on other environments have no threshold, no
success and no margin. Ids may have "gymnasium:" before them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

# The least difference that matters, as a share of the way from a random policy's return to where
# the task counts as solved, or of the possible range of a success rate. Decided before any result
# was seen.
MARGIN = 0.05


@dataclass(frozen=True)
class Benchmark:
    """What is known of one environment; None where it is not known, or where there is none.

    `random` and `constant_action` are over the first 10,000 held-out levels of this project's own
    environments, one episode a level. Tests play them again on fewer levels, and compare thresholds
    with those of Gymnasium's registry, which reports do without.
    """

    threshold: float | None = None  # mean return that counts as solved: its `reward_threshold`
    success: float | None = None  # the return from which on an episode succeeds
    random: float | None = None  # mean return of taking every action as often, under variation D
    returns: tuple[float, float] | None = None  # the least and the most, or a number just beyond
    # Success rate of the best of all constant actions, by variation, where it is above 0.
    constant_action: Mapping[str, float] = field(default_factory=dict)


# Success of CartPole-v0, MountainCar and Acrobot is that of Packer et al. (2018), section 4.3 of
# https://arxiv.org/abs/1810.12282: balanced for 195 of 200 steps, the goal reached within 110 steps
# and within 80. The last is a return of -79, as the last step costs nothing; their code allows it
# 90. CartPole-v1, which they do not have, succeeds where it counts as solved; a maze, where the
# goal is reached. With a strong enough engine, a constant action drives MountainCar straight up.
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
    """What is known of an environment; nothing of one that is not listed."""
    return BENCHMARKS.get(environment_id.removeprefix("gymnasium:"), Benchmark())


def anchors(environment_id: str) -> tuple[float, float] | None:
    """What counts as 0 and as 1 where environments are compared, if that is known.

    That is the mean return of a random policy, and the return at which the task counts as solved;
    in a maze, which has no such threshold, the return of a success.
    """
    known = get(environment_id)
    target = known.success if known.threshold is None else known.threshold
    return None if known.random is None or target is None else (known.random, target)


def margin(environment_id: str) -> float:
    """The least difference of two returns that matters; NaN if that is not known."""
    known = anchors(environment_id)
    return math.nan if known is None else MARGIN * (known[1] - known[0])
