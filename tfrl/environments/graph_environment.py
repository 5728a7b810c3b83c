"""The base of environments that run inside the graph."""

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
    """A batch of `B` independent environments whose state is held in TensorFlow variables.

    It is a TF-Agents `TFEnvironment`: drivers and policies use it as any other. Stepping an
    environment whose episode has ended ignores the action and resets it, as TF-Agents has it.
    A time limit truncates: the step is LAST, but its discount stays 1.

    An episode starts in a level, drawn as the current `LevelConfig` says: a state, and the `P`
    physical constants that hold until the episode ends. A subclass says how both follow from the
    level's random numbers, how the state moves and what is seen of it.
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
          environment_id: as `tfrl.variations` knows it.
          observation_spec: of one environment.
          action_spec: of one environment.
          state_spec: of one environment, one tensor or a nest of them.
          num_uniforms: random numbers that a level's state is made of.
          time_limit: environment steps after which an episode is truncated.
          batch_size: number of environments, `B`.
          seed: of the choice of levels.
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
        """States `[N, ...]` in which episodes start.

        Args:
          uniforms: float64 `[N, num_uniforms]` in [0, 1), the random numbers of N levels.
          constants: float64 `[N, P]`, those of the levels.
        """

    @abc.abstractmethod
    def _dynamics(
        self, state: types.NestedTensor, constants: tf.Tensor, action: tf.Tensor
    ) -> tuple[types.NestedTensor, tf.Tensor, tf.Tensor]:
        """One step from `state` `[B, ...]`: next state, reward `[B]`, is it terminal `[B]`."""

    @abc.abstractmethod
    def _observe(self, state: types.NestedTensor) -> tf.Tensor:
        """What the agent sees of `state` `[B, ...]`."""

    @property
    def state(self) -> types.NestedTensor:
        """The state `[B, ...]`, in full precision."""
        return _read(self._state)

    @property
    def constants(self) -> tf.Tensor:
        """The physical constants of the present episodes, float64 `[B, P]`."""
        return self._constants.read_value()

    @property
    def time_limit(self) -> int:
        """Environment steps after which an episode is truncated."""
        return self._time_limit

    def set_level_config(self, trained: LevelConfig) -> None:
        """Levels are drawn from those of `trained` from the next reset on.

        Not to be called inside a graph, though a compiled graph follows it.

        Raises:
          LookupError: the environment has no such conditions.
        """
        variations.check(self._environment_id, trained)
        level = np.zeros(1, np.int64)
        ranges = variations.intervals(self._environment_id, trained.variation, level)
        self._intervals.assign(ranges[0])
        self._num_levels.assign(trained.num_levels)

    def reseed(self, seed: int) -> None:
        """Starts afresh from the levels that `seed` draws."""
        self._random.reseed(seed)
        self.reset()

    def set_levels(self, levels: tf.Tensor, intervals: tf.Tensor) -> ts.TimeStep:
        """Puts every environment at the start of an episode in a level of its own.

        Args:
          levels: int64 `[B]`.
          intervals: float64 `[B, P, 2, 2]`, what their constants are drawn from, as
            `tfrl.variations.intervals` gives them.
        """
        return self.set_state(*self._start(levels, intervals))

    def set_state(
        self, state: types.NestedTensor, constants: tf.Tensor, elapsed: tf.Tensor | int = 0
    ) -> ts.TimeStep:
        """Puts every environment at the start of an episode in `state` `[B, ...]`.

        Args:
          state: `[B, ...]`.
          constants: `[B, P]` or `[P]`, in the order of `tfrl.variations.constants`.
          elapsed: environment steps, one number or `[B]`, held to have been taken already.
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
        """State and constants at the start of the levels `[N]`.

        A level has the same first numbers, and so the same state, whatever its constants are.
        """
        uniforms = randomness.of_levels(levels, self._num_uniforms + intervals.shape[-3])
        constants = randomness.from_intervals(uniforms[:, self._num_uniforms :], intervals)
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
    """Of each environment, `chosen` if `mask` `[B]` is true and `other` if not."""
    return tf.nest.map_structure(
        lambda x, y: tf.where(tf.reshape(mask, [-1] + [1] * (x.shape.rank - 1)), x, y),
        chosen,
        other,
    )
