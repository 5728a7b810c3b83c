"""A Gymnasium vector environment as a TF-Agents environment, checked against its spaces."""

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
_ZERO = np.float32(0)

# Returns the level of the next episode, given an environment's index in the batch.
NextLevel = Callable[[int], int]
MakeEnvs = Callable[[], Sequence[gymnasium.Env]]


class GymnasiumWrapper(py_environment.PyEnvironment):
    """A vector environment of Gymnasium as a batched environment of TF-Agents.

    After the last step of an episode, the next step resets that environment and ignores its action,
    as in both libraries. The last step of a terminated episode has discount 0; that of a truncated
    episode has the discount of any other step.

    Every episode starts in a *level*: level i is the start of Gymnasium's `reset(seed=i)`. Each
    environment draws its levels from its own random stream, which depends on the seed alone.
    Assign `next_level` to choose other levels.
    """

    def __init__(self, vector_env: VectorEnv, seed: int = 0, discount: float = 1.0):
        """Wraps `vector_env`. See `suite_gymnasium.wrap_env`.

        Raises:
          ValueError: a space has no counterpart among TF-Agents' specs, or the autoreset mode is
            not NEXT_STEP.
        """
        super().__init__()
        mode = vector_env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        if AutoresetMode(mode) != AutoresetMode.NEXT_STEP:
            raise ValueError(f"the vector environment must use AutoresetMode.NEXT_STEP, got {mode}")
        self._observation_spec = _spec(vector_env.single_observation_space, "observation")
        self._action_spec = _spec(vector_env.single_action_space, "action")
        self._vector_env = vector_env
        self._discount = np.float32(discount)
        self._starts: np.ndarray | None = None  # mask of environments whose next step is a reset
        self._num_steps = 0  # steps of each environment so far
        spec = self._observation_spec
        is_discrete = isinstance(vector_env.single_observation_space, gymnasium.spaces.Discrete)
        self._bounds = (spec.minimum, spec.maximum) if is_discrete else (-np.inf, np.inf)
        self.next_level: NextLevel
        self.make_envs: MakeEnvs | None = None  # see `recreate_environments`
        self.seed(seed)

    @classmethod
    def from_envs(
        cls, envs: Sequence[gymnasium.Env], seed: int = 0, discount: float = 1.0
    ) -> "GymnasiumWrapper":
        """Wraps single environments. All their episodes start in a level."""
        environment = cls(_vector_env(envs), seed, discount)
        environment._connect_levels()
        return environment

    def recreate_environments(self) -> None:
        """Replaces the environments by new ones from `make_envs`, without state of past episodes.

        Does nothing if `make_envs` is None.
        """
        if self.make_envs:
            self.close()
            self._vector_env = _vector_env(self.make_envs())
            self._num_steps = 0
            self._connect_levels()

    def _connect_levels(self) -> None:
        envs: Sequence[_SeededReset] = getattr(self._vector_env, "envs", ())
        for index, env in enumerate(envs):
            env.next_level = functools.partial(self._level, index)

    def _level(self, index: int) -> int:
        return self.next_level(index)  # looked up late, since users may assign another function

    @property
    def gym(self) -> VectorEnv:
        """The vector environment."""
        return self._vector_env

    @property
    def time_limit(self) -> int | None:
        """Environment steps after which an episode is truncated; None without a limit."""
        spec = getattr(self._vector_env, "envs", [self._vector_env])[0].spec
        return spec and spec.max_episode_steps

    @property
    def batched(self) -> bool:
        """Always True."""
        return True

    @property
    def batch_size(self) -> int:
        """Number of environments, `B`."""
        return self._vector_env.num_envs

    def observation_spec(self) -> array_spec.BoundedArraySpec:
        """Returns the spec of one environment's observation."""
        return self._observation_spec

    def action_spec(self) -> array_spec.BoundedArraySpec:
        """Returns the spec of one environment's action."""
        return self._action_spec

    def seed(self, seed: int, num_levels: int = FIRST_TEST_LEVEL) -> None:
        """Draws levels with `seed` from the first `num_levels` levels, from the next reset on."""
        self.next_level = level_sampler(seed, num_levels, self.batch_size)

    def close(self) -> None:
        """Closes the environments."""
        self._vector_env.close()

    def _reset(self):
        levels = [self.next_level(index) for index in range(self.batch_size)]
        # Other vector environments draw all their starts from one seed.
        single = isinstance(self._vector_env.unwrapped, SyncVectorEnv | AsyncVectorEnv)
        observation, _ = self._vector_env.reset(seed=levels if single else levels[0])  # type: ignore[arg-type]
        self._check(observation, "observation", *self._bounds)
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
        self._check(observation, "observation", *self._bounds)
        ended = terminated | truncated
        step_type = np.where(ended, _LAST, _MID)
        discount = np.where(terminated, _ZERO, self._discount)
        if self._starts is not None:
            step_type[self._starts], discount[self._starts] = _FIRST, 1.0
        self._starts = ended if ended.any() else None
        return ts.TimeStep(step_type, reward.astype(np.float32), discount, np.array(observation))

    def _check(self, values: Any, kind: str, low: float, high: float) -> None:
        """Raises ValueError if a value is not finite or not in [`low`, `high`]."""
        array = np.asarray(values)
        fits = np.isfinite(array) & (array >= low) & (array <= high)
        if not fits.all():
            index = tuple(np.argwhere(~fits)[0])
            expected = "a finite number" if low == -np.inf else f"a number from {low} to {high}"
            raise ValueError(
                f"environment {index[0]} of the batch gave the {kind} {array[index]} at its step "
                f"{self._num_steps}: expected {expected}"
            )


class _SeededReset(gymnasium.Wrapper):
    """Resets with the next level as the seed, unless `reset` is called with a seed.

    It drops `info`, since Gymnasium may fail to batch its values.
    """

    next_level: Callable[[], int]

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None):
        """Resets the environment in its next level, or with `seed`."""
        level = self.next_level() if seed is None else seed
        observation, _ = self.env.reset(seed=level, options=options)
        return self._checked(observation), {}

    def step(self, action: Any):
        """Steps the environment."""
        observation, reward, terminated, truncated, _ = self.env.step(action)
        return self._checked(observation), reward, terminated, truncated, {}

    def _checked(self, observation: Any) -> Any:
        """Returns `observation`. Raises ValueError if its shape is not that of the space."""
        if np.shape(observation) != self.observation_space.shape:
            raise ValueError(
                f"{self.env.unwrapped} gave an observation of shape {np.shape(observation)}: its "
                f"space declares {self.observation_space.shape}"
            )
        return observation


def _vector_env(envs: Iterable[gymnasium.Env]) -> SyncVectorEnv:
    return SyncVectorEnv([functools.partial(_SeededReset, env) for env in envs], copy=False)


def level_sampler(seed: int, num_levels: int, batch_size: int) -> NextLevel:
    """Returns a function that draws levels below `num_levels`, with a stream per environment."""
    key = seed * 2**8 + Stream.ENVIRONMENT
    streams = [
        np.random.Generator(np.random.Philox(key=np.array([key, index], np.uint64)))
        for index in range(batch_size)
    ]
    return lambda index: int(streams[index].integers(num_levels))


def seed_global_generators(*key: int) -> None:
    """Seeds the global generators of `random` and `numpy.random`, which environments may use."""
    words = np.random.SeedSequence(key).generate_state(4)
    random.seed(words.tobytes())
    np.random.seed(words)  # noqa: NPY002


def _spec(space: gymnasium.Space, name: str) -> array_spec.BoundedArraySpec:
    """Converts a Gymnasium space to a TF-Agents spec. Raises ValueError for other spaces."""
    match space:
        case gymnasium.spaces.Discrete(n=n, start=start):
            return array_spec.BoundedArraySpec((), np.int64, start, start + n - 1, name)
        case gymnasium.spaces.Box(shape=shape, dtype=dtype, low=low, high=high):
            return array_spec.BoundedArraySpec(shape, dtype, low, high, name)
        case gymnasium.spaces.MultiBinary(shape=shape, dtype=dtype):
            return array_spec.BoundedArraySpec(shape, dtype, 0, 1, name)
    supported = "Discrete" if name == "action" else "Discrete, Box or MultiBinary"
    raise ValueError(f"the {name} space must be {supported} for the agents here, got {space}")
