"""A vector environment of Gymnasium as TF-Agents sees it, held to what its spaces declare."""

import functools
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv
from tf_agents.environments import py_environment
from tf_agents.specs import array_spec
from tf_agents.trajectories import StepType
from tf_agents.trajectories import time_step as ts

from tfrl.components.randomness import Stream
from tfrl.variations import FIRST_TEST_LEVEL

_FIRST, _MID, _LAST = (np.int32(kind) for kind in (StepType.FIRST, StepType.MID, StepType.LAST))
_NOTHING = np.float32(0)

# From an environment's place in the batch to the level in which its next episode starts.
NextLevel = Callable[[int], int]
MakeEnvs = Callable[[], Sequence[gymnasium.Env]]


class GymnasiumWrapper(py_environment.PyEnvironment):
    """A vector environment of Gymnasium as a batched environment of TF-Agents.

    Where an episode has ended, the next step resets that environment and ignores its action, as in
    both libraries. A truncated episode ends with the discount of any other step, a terminated one
    with 0.

    Every episode starts in a *level*: level i is what Gymnasium's `reset(seed=i)` gives. Levels are
    drawn from a stream of each environment's own, which depends on nothing but the seed, unless
    `next_level` is set.
    """

    def __init__(self, vector_env: VectorEnv, seed: int = 0, discount: float = 1.0):
        """See `suite_gymnasium.wrap_env`."""
        super().__init__()
        mode = vector_env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        if AutoresetMode(mode) != AutoresetMode.NEXT_STEP:
            raise ValueError(
                "a vector environment is to reset itself in the step after an episode's last "
                f"(AutoresetMode.NEXT_STEP), not with {mode}"
            )
        self._observation_spec = _spec(vector_env.single_observation_space, "observation")
        self._action_spec = _spec(vector_env.single_action_space, "action")
        self._vector_env = vector_env
        self._discount = np.float32(discount)
        self._starts: np.ndarray | None = None  # whose next step is a reset, if any
        self._num_steps = 0  # of each environment so far
        spec = self._observation_spec
        is_discrete = isinstance(vector_env.single_observation_space, gymnasium.spaces.Discrete)
        self._possible = (spec.minimum, spec.maximum) if is_discrete else (-np.inf, np.inf)
        self.next_level: NextLevel
        self.make_envs: MakeEnvs | None = None  # see `recreate_environments`
        self.seed(seed)

    @classmethod
    def of(
        cls, envs: Sequence[gymnasium.Env], seed: int = 0, discount: float = 1.0
    ) -> "GymnasiumWrapper":
        """Makes one of single environments, all of whose episodes then start in a level."""
        environment = cls(_vector_env(envs), seed, discount)
        environment._tell_levels()
        return environment

    def recreate_environments(self) -> None:
        """Makes the environments anew by `make_envs`, so that nothing of past episodes is left.

        Without that they stay as they are.
        """
        if self.make_envs:
            self.close()
            self._vector_env = _vector_env(self.make_envs())
            self._num_steps = 0
            self._tell_levels()

    def _tell_levels(self) -> None:
        envs: Sequence[_SeededReset] = getattr(self._vector_env, "envs", ())
        for place, env in enumerate(envs):
            env.next_level = functools.partial(self._level, place)

    def _level(self, place: int) -> int:
        return self.next_level(place)  # which may be another function by then

    @property
    def gym(self) -> VectorEnv:
        """The vector environment."""
        return self._vector_env

    @property
    def time_limit(self) -> int | None:
        """Environment steps after which an episode is truncated, if its specification says so."""
        spec = getattr(self._vector_env, "envs", [self._vector_env])[0].spec
        return spec and spec.max_episode_steps

    @property
    def batched(self) -> bool:
        """True."""
        return True

    @property
    def batch_size(self) -> int:
        """Number of environments, `B`."""
        return self._vector_env.num_envs

    def observation_spec(self) -> array_spec.BoundedArraySpec:
        """Of one environment."""
        return self._observation_spec

    def action_spec(self) -> array_spec.BoundedArraySpec:
        """Of one environment."""
        return self._action_spec

    def seed(self, seed: int, num_levels: int = FIRST_TEST_LEVEL) -> None:
        """Draws the levels from the next reset on with `seed`, uniformly from the first ones."""
        self.next_level = drawn_levels(seed, num_levels, self.batch_size)

    def close(self) -> None:
        """Closes the environments."""
        self._vector_env.close()

    def _reset(self):
        levels = [self.next_level(place) for place in range(self.batch_size)]
        # A vector environment that is not made of single ones draws all its starts from one seed.
        single = isinstance(self._vector_env.unwrapped, SyncVectorEnv | AsyncVectorEnv)
        observation, _ = self._vector_env.reset(seed=levels if single else levels[0])  # type: ignore[arg-type]
        self._check(observation, "observation", *self._possible)
        self._starts = None
        return ts.TimeStep(
            np.full(self.batch_size, _FIRST),
            np.zeros(self.batch_size, np.float32),
            np.ones(self.batch_size, np.float32),
            np.array(observation),
        )

    def _step(self, action):
        observation, reward, terminated, truncated, _ = self._vector_env.step(action)
        self._num_steps += 1
        self._check(reward, "reward", -np.inf, np.inf)
        self._check(observation, "observation", *self._possible)
        ended = terminated | truncated
        step_type = np.where(ended, _LAST, _MID)
        discount = np.where(terminated, _NOTHING, self._discount)
        if self._starts is not None:
            step_type[self._starts], discount[self._starts] = _FIRST, 1.0
        self._starts = ended if ended.any() else None
        return ts.TimeStep(step_type, reward.astype(np.float32), discount, np.array(observation))

    def _check(self, values: Any, kind: str, low: float, high: float) -> None:
        """Raises ValueError if a number that environments gave is not finite, or not in a range."""
        array = np.asarray(values)
        fits = np.isfinite(array) & (array >= low) & (array <= high)
        if not fits.all():
            place = tuple(np.argwhere(~fits)[0])
            expected = "a finite number" if low == -np.inf else f"one from {low} to {high}"
            raise ValueError(
                f"environment {place[0]} of the batch gave the {kind} {array[place]} at its step "
                f"{self._num_steps}: expected {expected}"
            )


class _SeededReset(gymnasium.Wrapper):
    """Starts an episode in its next level whenever it is not told what seed to reset with.

    It drops `info`, whose values Gymnasium would gather and may fail to.
    """

    next_level: Callable[[], int]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """See `gymnasium.Env`."""
        level = self.next_level() if seed is None else seed
        observation, _ = self.env.reset(seed=level, options=options)
        return self._shaped(observation), {}

    def step(self, action: Any):
        """See `gymnasium.Env`."""
        observation, reward, terminated, truncated, _ = self.env.step(action)
        return self._shaped(observation), reward, terminated, truncated, {}

    def _shaped(self, observation: Any) -> Any:
        """The observation. Raises ValueError unless it has the shape that its space declares."""
        if np.shape(observation) != self.observation_space.shape:
            raise ValueError(
                f"{self.env.unwrapped} gave an observation of shape {np.shape(observation)}: its "
                f"space declares {self.observation_space.shape}"
            )
        return observation


def _vector_env(envs: Iterable[gymnasium.Env]) -> SyncVectorEnv:
    return SyncVectorEnv([functools.partial(_SeededReset, env) for env in envs], copy=False)


def drawn_levels(seed: int, num_levels: int, batch_size: int) -> NextLevel:
    """Levels drawn uniformly from the first `num_levels`, from a stream for each environment."""
    key = seed * 2**8 + Stream.ENVIRONMENT
    streams = [
        np.random.Generator(np.random.Philox(key=np.array([key, place], np.uint64)))
        for place in range(batch_size)
    ]
    return lambda place: int(streams[place].integers(num_levels))


def seed_global_generators(*key: int) -> None:
    """Seeds the generators of `random` and `numpy.random`, which an environment may draw from."""
    words = np.random.SeedSequence(key).generate_state(4)
    random.seed(words.tobytes())
    np.random.seed(words)  # noqa: NPY002


def _spec(space: gymnasium.Space, name: str) -> array_spec.BoundedArraySpec:
    """What TF-Agents has for a space of Gymnasium's."""
    match space:
        case gymnasium.spaces.Discrete(n=n, start=start):
            return array_spec.BoundedArraySpec((), np.int64, start, start + n - 1, name)
        case gymnasium.spaces.Box(shape=shape, dtype=dtype, low=low, high=high):
            return array_spec.BoundedArraySpec(shape, dtype, low, high, name)
        case gymnasium.spaces.MultiBinary(shape=shape, dtype=dtype):
            return array_spec.BoundedArraySpec(shape, dtype, 0, 1, name)
    possible = "Discrete" if name == "action" else "Discrete, Box or MultiBinary"
    raise ValueError(f"the {name} space must be {possible} for the agents here, got {space}")
