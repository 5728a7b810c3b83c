"""The base class of environments inside the graph."""

import abc

import numpy as np
import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.trajectories import time_step as ts
from tf_agents.typing import types

from tfrl import variations
from tfrl.components import randomness
from tfrl.components.randomness import RandomStream, Stream
from tfrl.variations import DEFAULT_LEVELS, LevelConfig


class GraphEnvironment(tf.Module, tf_environment.TFEnvironment, metaclass=abc.ABCMeta):
    """A batch of `B` independent environments with their states in TensorFlow variables.

    It is a `TFEnvironment` of TF-Agents, for any driver and policy. As in TF-Agents, a step of an
    environment whose episode has ended ignores the action and resets it. A time limit truncates:
    the step type is LAST, but the discount stays 1.

    Each episode starts in a level, drawn according to the current `LevelConfig`. A level determines
    the initial state and the `P` physical constants, which hold until the episode ends. A subclass
    computes both from the level's random numbers, and defines the dynamics and the observations.
    """

    def __init__(
        self,
        environment_id: str,
        observation_spec: tf.TensorSpec,
        action_spec: tf.TensorSpec,
        state_spec: types.NestedTensorSpec,
        num_uniforms: int,
        time_limit: int,
        batch_size: int = 1,
        seed: int = 0,
    ):
        """Creates the batch and starts an episode in each environment, in levels of "D".

        Args:
          environment_id: the id of the environment in `tfrl.variations`.
          observation_spec: spec of one environment's observation.
          action_spec: spec of one environment's action.
          state_spec: spec of one environment's state, or a nest of specs.
          num_uniforms: number of random numbers that determine a level's initial state.
          time_limit: environment steps after which an episode is truncated.
          batch_size: number of environments, `B`.
          seed: the seed that draws the levels.
        """
        tf.Module.__init__(self, name=type(self).__name__)
        tf_environment.TFEnvironment.__init__(
            self, ts.time_step_spec(observation_spec), action_spec, batch_size
        )
        self._environment_id = environment_id
        self._num_uniforms = num_uniforms
        self._time_limit = time_limit
        self._random = RandomStream(Stream.ENVIRONMENT, seed)
        num_constants = len(variations.constants(environment_id))

        def variable(shape, dtype):
            return tf.Variable(tf.zeros(shape, dtype), trainable=False)

        self._num_levels = variable([], tf.int64)
        self._intervals = variable([num_constants, 2, 2], tf.float64)
        self._state = tf.nest.map_structure(
            lambda spec: variable([batch_size, *spec.shape], spec.dtype), state_spec
        )
        self._constants = variable([batch_size, num_constants], tf.float64)
        self._elapsed = variable([batch_size], tf.int32)
        self._step_type = variable([batch_size], tf.int32)
        self._reward = variable([batch_size], tf.float32)
        self._discount = variable([batch_size], tf.float32)
        self.set_level_config(DEFAULT_LEVELS)
        self.reset()

    @abc.abstractmethod
    def _initial_state(self, uniforms: tf.Tensor, constants: tf.Tensor) -> types.NestedTensor:
        """Returns the initial states `[N, ...]` of N levels.

        Args:
          uniforms: float64 `[N, num_uniforms]` in [0, 1), the random numbers of the levels.
          constants: float64 `[N, P]`, the constants of the levels.
        """

    @abc.abstractmethod
    def _dynamics(
        self, state: types.NestedTensor, constants: tf.Tensor, action: tf.Tensor
    ) -> tuple[types.NestedTensor, tf.Tensor, tf.Tensor]:
        """Returns next state `[B, ...]`, reward float32 `[B]` and terminated bool `[B]`."""

    @abc.abstractmethod
    def _observe(self, state: types.NestedTensor) -> tf.Tensor:
        """Returns the observations of `state` `[B, ...]`."""

    @property
    def state(self) -> types.NestedTensor:
        """The current state `[B, ...]`, in full precision."""
        return _read(self._state)

    @property
    def constants(self) -> tf.Tensor:
        """The physical constants of the current episodes, float64 `[B, P]`."""
        return self._constants.read_value()

    @property
    def time_limit(self) -> int:
        """Environment steps after which an episode is truncated."""
        return self._time_limit

    def set_level_config(self, level_config: LevelConfig) -> None:
        """Draws levels according to `level_config` from the next reset on.

        Call it outside of graphs only. Compiled graphs use the new levels.

        Raises:
          LookupError: `level_config` is invalid for this environment.
        """
        variations.check(self._environment_id, level_config)
        level = np.zeros(1, np.int64)
        ranges = variations.intervals(self._environment_id, level_config.variation, level)
        self._intervals.assign(ranges[0])
        self._num_levels.assign(level_config.num_levels)

    def reseed(self, seed: int) -> None:
        """Resets all environments, with levels drawn by `seed`."""
        self._random.reseed(seed)
        self.reset()

    def set_levels(self, levels: tf.Tensor, intervals: tf.Tensor) -> ts.TimeStep:
        """Starts an episode in each environment, each in its own level.

        Args:
          levels: int64 `[B]`, the levels.
          intervals: float64 `[B, P, 2, 2]`, the ranges of their constants: output of
            `tfrl.variations.intervals`.
        """
        return self.set_state(*self._start(levels, intervals))

    def set_state(
        self, state: types.NestedTensor, constants: tf.Tensor, elapsed: tf.Tensor | int = 0
    ) -> ts.TimeStep:
        """Starts an episode in each environment in `state`.

        Args:
          state: the states `[B, ...]`.
          constants: `[B, P]` or `[P]`, in the order of `tfrl.variations.constants`.
          elapsed: environment steps that count as already taken, a scalar or `[B]`.
        """
        self._assign(
            tf.nest.map_structure(lambda new, old: tf.cast(new, old.dtype), state, self._state),
            tf.broadcast_to(tf.convert_to_tensor(constants, tf.float64), self._constants.shape),
            tf.broadcast_to(tf.cast(elapsed, tf.int32), [self.batch_size]),
            tf.fill([self.batch_size], ts.StepType.FIRST),
            tf.zeros([self.batch_size]),
            tf.ones([self.batch_size]),
        )
        return self._current_time_step()

    def _start(
        self, levels: tf.Tensor, intervals: tf.Tensor
    ) -> tuple[types.NestedTensor, tf.Tensor]:
        """Returns initial states and constants of the levels `[N]`.

        The state uses the first random numbers, so it does not depend on the ranges of constants.
        """
        uniforms = randomness.level_uniforms(levels, self._num_uniforms + intervals.shape[-3])
        constants = randomness.scale_to_intervals(uniforms[:, self._num_uniforms :], intervals)
        return self._initial_state(uniforms[:, : self._num_uniforms], constants), constants

    def _next_start(self) -> tuple[types.NestedTensor, tf.Tensor]:
        levels = randomness.integers(
            self._random.next(), (self.batch_size,), self._num_levels.read_value()
        )
        return self._start(levels, self._intervals.read_value())

    def _current_time_step(self) -> ts.TimeStep:
        return ts.TimeStep(
            self._step_type.read_value(),
            self._reward.read_value(),
            self._discount.read_value(),
            self._observe(self.state),
        )

    def _reset(self) -> ts.TimeStep:
        return self.set_state(*self._next_start())

    def _step(self, action: tf.Tensor) -> ts.TimeStep:
        state, constants = self.state, self.constants
        next_state, reward, terminated = self._dynamics(state, constants, action)
        elapsed = self._elapsed.read_value() + 1
        ended = terminated | (elapsed >= self._time_limit)

        starts = tf.equal(self._step_type.read_value(), ts.StepType.LAST)
        state, constants = _where(starts, self._next_start(), (next_state, constants))
        self._assign(
            state,
            constants,
            tf.where(starts, 0, elapsed),
            tf.where(starts, ts.StepType.FIRST, tf.where(ended, ts.StepType.LAST, ts.StepType.MID)),
            tf.where(starts, 0.0, reward),
            tf.where(terminated & ~starts, 0.0, 1.0),
        )
        return self._current_time_step()

    def _assign(self, state, constants, elapsed, step_type, reward, discount) -> None:
        tf.nest.map_structure(lambda variable, x: variable.assign(x), self._state, state)
        self._constants.assign(constants)
        self._elapsed.assign(elapsed)
        self._step_type.assign(step_type)
        self._reward.assign(reward)
        self._discount.assign(discount)


def _read(variables: types.NestedVariable) -> types.NestedTensor:
    return tf.nest.map_structure(lambda variable: variable.read_value(), variables)


def _where(
    mask: tf.Tensor, chosen: types.NestedTensor, other: types.NestedTensor
) -> types.NestedTensor:
    """Returns, for each environment, `chosen` where `mask` `[B]` is true and `other` elsewhere."""
    return tf.nest.map_structure(
        lambda x, y: tf.where(tf.reshape(mask, [-1] + [1] * (x.shape.rank - 1)), x, y),
        chosen,
        other,
    )
