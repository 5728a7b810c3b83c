"""What a run is trained and tested on: levels, and variations of the physics they have.

A *level* fixes where an episode starts and its physical constants. Level i of a variation is a pure
function of i, the same in every run. Training draws from the first `LevelConfig.levels` levels.
Levels from `FIRST_TEST_LEVEL` on are for testing and are never trained on. A *variation* names the
ranges that the constants are drawn from. This module does not import TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

SPLITS = (
    "training",  # levels that training draws from, of the variation trained on
    "held-out",  # levels that it never draws, of the same variation
    "shifted",  # levels that it never draws, of the further variations tested on
)
POLICIES = ("greedy", "stochastic")  # of which each is evaluated
GYMNASIUM = "gymnasium:"  # before the id of an environment that is Gymnasium's own
FIRST_TEST_LEVEL = 2**30  # the first of as many held-out levels; those below it may be trained on
DEFAULT_VARIATION = "D"  # every environment's own variation

Interval = tuple[float, float]
Ranges = tuple[Interval, Interval]  # a constant is uniform on the union; an empty one adds nothing


@dataclass(frozen=True)
class LevelConfig:
    """What a run is trained on, and the further variations that it is tested on."""

    variation: str = DEFAULT_VARIATION  # of the levels trained on
    levels: int | None = (
        None  # trained on are levels 0 to levels - 1; None for all below FIRST_TEST_LEVEL
    )
    test: tuple[str, ...] = ()  # variations to be tested on beside the one trained on

    @property
    def num_levels(self) -> int:
        """How many levels are trained on."""
        return FIRST_TEST_LEVEL if self.levels is None else self.levels


DEFAULT_LEVELS = LevelConfig()


@dataclass(frozen=True)
class Axis:
    """The values that one constant takes in a grid."""

    constant: str
    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Grid:
    """A lattice of two constants, the others as in D. Level i is in cell i % (len(x) * len(y))."""

    x: Axis
    y: Axis

    def cell(self, level: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Indices along x and y of the cells of the levels [N]."""
        cell = level % (len(self.x.values) * len(self.y.values))
        return cell % len(self.x.values), cell // len(self.x.values)


def _value(value: float) -> Ranges:
    return ((value, value), (value, value))


def _range(low: float, high: float) -> Ranges:
    return ((low, high), (high, high))


# D, R and E are those of Packer et al. (2018), https://arxiv.org/abs/1810.12282.
_CARTPOLE: dict[str, dict[str, Ranges]] = {
    "force": {"D": _value(10.0), "R": _range(5.0, 15.0), "E": ((1.0, 5.0), (15.0, 20.0))},
    "length": {"D": _value(0.5), "R": _range(0.25, 0.75), "E": ((0.05, 0.25), (0.75, 1.0))},
    "mass": {"D": _value(0.1), "R": _range(0.05, 0.5), "E": ((0.01, 0.05), (0.5, 1.0))},
}
_MOUNTAIN_CAR: dict[str, dict[str, Ranges]] = {
    "force": {
        "D": _value(0.001),
        "R": _range(0.0005, 0.005),
        "E": ((0.0001, 0.0005), (0.005, 0.01)),
    },
    "mass": {
        "D": _value(0.0025),
        "R": _range(0.001, 0.005),
        "E": ((0.0005, 0.001), (0.005, 0.01)),
    },
}
_ACROBOT: dict[str, dict[str, Ranges]] = {
    name: {"D": _value(1.0), "R": _range(0.75, 1.25), "E": ((0.5, 0.75), (1.25, 1.5))}
    for name in ("length", "mass", "MOI")
}
# The share of a maze's inner walls that is taken away at random. Without any there is one way only.
_MAZE: dict[str, dict[str, Ranges]] = {"openings": {"D": _value(0.2), "perfect": _value(0.0)}}

_CONSTANTS: Mapping[str, Mapping[str, Mapping[str, Ranges]]] = {
    "CartPole": _CARTPOLE,
    "MountainCar": _MOUNTAIN_CAR,
    "Acrobot": _ACROBOT,
    "Maze": _MAZE,
}
_GRIDS = {
    "CartPole": Grid(
        Axis("force", "N", tuple(2.0 * i for i in range(1, 11))),
        Axis("length", "m", tuple(round(0.1 * i, 1) for i in range(1, 11))),
    )
}
GRID = "grid"  # the variation that goes through the cells of an environment's grid


def constants(environment_id: str) -> tuple[str, ...]:
    """Names of the constants that vary in an environment; none if nothing does."""
    return tuple(_CONSTANTS.get(_family(environment_id), ()))


def names(environment_id: str) -> tuple[str, ...]:
    """Names of the variations that an environment has, the default first."""
    ranges = list(_CONSTANTS.get(_family(environment_id), {}).values())
    named = tuple(ranges[0]) if ranges else (DEFAULT_VARIATION,)
    return (*named, GRID) if grid(environment_id) else named


def grid(environment_id: str) -> Grid | None:
    """The lattice that the variation "grid" of an environment goes through, if it has one."""
    return _GRIDS.get(_family(environment_id))


def intervals(environment_id: str, variation: str, levels: np.ndarray) -> np.ndarray:
    """The ranges that the constants of the levels [N] are drawn from, float64 [N, P, 2, 2].

    Each of the P constants has two intervals (low, high) and is uniform on their union.
    """
    ranges = _CONSTANTS.get(_family(environment_id), {})
    lattice = grid(environment_id) if variation == GRID else None
    drawn = [choices[DEFAULT_VARIATION if lattice else variation] for choices in ranges.values()]
    table = np.tile(np.reshape(drawn, (1, -1, 2, 2)), (len(levels), 1, 1, 1))
    if lattice:
        names = constants(environment_id)
        for axis, index in zip((lattice.x, lattice.y), lattice.cell(levels), strict=True):
            table[:, names.index(axis.constant)] = np.take(axis.values, index)[:, None, None]
    return table


def judged_policy(environment_id: str) -> str:
    """The policy that is judged: the greedy one, but in a maze the stochastic one.

    An agent without memory that always takes the action it rates highest walks in circles in mazes
    that it has not memorised: with every setting of studies/tuning-maze.toml, which judged the
    stochastic policy for that reason, it failed in nine mazes of ten. Ten mazes that are memorised
    it solves, so the greedy policy's gap is the larger one.
    """
    return "stochastic" if environment_id == "Maze-v0" else "greedy"


def check(environment_id: str, level_config: LevelConfig) -> None:
    """Raises LookupError, with one sentence, if the environment has no such conditions."""
    known = names(environment_id)
    for variation in (level_config.variation, *level_config.test):
        if variation not in known:
            raise LookupError(
                f"{environment_id} has no variation {variation!r}: expected {', '.join(known)}"
            )
    named = (level_config.variation, *level_config.test)
    if len(set(named)) < len(named):
        raise LookupError(
            f"test is {list(level_config.test)}: expected variations other than "
            f"{level_config.variation!r}, the one trained on, each once"
        )
    if level_config.variation == GRID:
        raise LookupError('variation "grid" is for testing: expected one to train on')
    if not 1 <= level_config.num_levels <= FIRST_TEST_LEVEL:
        raise LookupError(
            f"levels is {level_config.levels}: expected from 1 to {FIRST_TEST_LEVEL:,}"
        )


def _family(environment_id: str) -> str:
    """The name without its version, which changes no constants: CartPole of CartPole-v1."""
    return environment_id.rpartition("-v")[0] or environment_id
