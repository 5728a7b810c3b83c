"""The base of environments that run inside the graph."""

import abc

import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.trajectories import time_step as ts

from tfrl.randomness import RandomStream, Stream


class GraphEnvironment(tf.Module, tf_environment.TFEnvironment, metaclass=abc.ABCMeta):
    """A batch of `B` independent environments whose state is held in TensorFlow variables.

    It is a TF-Agents `TFEnvironment`: drivers and policies use it as any other. Stepping an
    environment whose episode has ended ignores the action and resets it, as TF-Agents has it.
    A time limit truncates: the step is LAST, but its discount stays 1.

    A subclass says how episodes start, how the state moves and what is seen of it.
    """

    def __init__(
        self,
        observation_spec: tf.TensorSpec,
        action_spec: tf.TensorSpec,
        state_spec: tf.TensorSpec,
        time_limit: int,
        batch_size: int = 1,
        seed: int = 0,
        stream: Stream = Stream.ENVIRONMENT,
        name: str | None = None,
    ):
        """Creates the batch and starts an episode in each environment.

        Args:
          observation_spec: of one environment.
          action_spec: of one environment.
          state_spec: of one environment.
          time_limit: environment steps after which an episode is truncated.
          batch_size: number of environments, `B`.
          seed: of the initial states.
          stream: which of the seed's streams the initial states are drawn from.
          name: of the module.
        """
        tf.Module.__init__(self, name=name)
        tf_environment.TFEnvironment.__init__(
            self, ts.time_step_spec(observation_spec), action_spec, batch_size
        )
        self._time_limit = time_limit
        self._random = RandomStream(stream, seed)

        def variable(spec_shape, dtype, label):
            return tf.Variable(
                tf.zeros([batch_size, *spec_shape], dtype), trainable=False, name=label
            )

        self._state = variable(state_spec.shape, state_spec.dtype, "state")
        self._elapsed = variable((), tf.int32, "elapsed")
        self._step_type = variable((), tf.int32, "step_type")
        self._reward = variable((), tf.float32, "reward")
        self._discount = variable((), tf.float32, "discount")
        self.reset()

    @abc.abstractmethod
    def _initial_state(self, key: tf.Tensor) -> tf.Tensor:
        """States `[B, ...]` in which episodes start, drawn with `key`."""

    @abc.abstractmethod
    def _dynamics(
        self, state: tf.Tensor, action: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """One step from `state` `[B, ...]`: next state, reward `[B]`, is it terminal `[B]`."""

    @abc.abstractmethod
    def _observe(self, state: tf.Tensor) -> tf.Tensor:
        """What the agent sees of `state` `[B, ...]`."""

    @property
    def state(self) -> tf.Tensor:
        """The state `[B, ...]`, in full precision."""
        return self._state.read_value()

    @property
    def time_limit(self) -> int:
        """Environment steps after which an episode is truncated."""
        return self._time_limit

    def reseed(self, seed: int, block: int = 0) -> None:
        """Starts afresh from the initial states of `seed`; see `RandomStream.reseed`."""
        self._random.reseed(seed, block)
        self.reset()

    def set_state(self, state: tf.Tensor, elapsed: tf.Tensor | int = 0) -> ts.TimeStep:
        """Puts every environment at the start of an episode in `state` `[B, ...]`.

        `elapsed` environment steps, one number or `[B]`, are held to have been taken already.
        """
        self._assign(
            tf.cast(state, self._state.dtype),
            tf.broadcast_to(tf.cast(elapsed, tf.int32), [self.batch_size]),
            tf.fill([self.batch_size], ts.StepType.FIRST),
            tf.zeros([self.batch_size]),
            tf.ones([self.batch_size]),
        )
        return self._current_time_step()

    def _current_time_step(self) -> ts.TimeStep:
        return ts.TimeStep(
            self._step_type.read_value(),
            self._reward.read_value(),
            self._discount.read_value(),
            self._observe(self._state.read_value()),
        )

    def _reset(self) -> ts.TimeStep:
        return self.set_state(self._initial_state(self._random.next()))

    def _step(self, action: tf.Tensor) -> ts.TimeStep:
        state = self._state.read_value()
        next_state, reward, terminated = self._dynamics(state, action)
        elapsed = self._elapsed.read_value() + 1
        ended = terminated | (elapsed >= self._time_limit)

        starts = tf.equal(self._step_type.read_value(), ts.StepType.LAST)
        starts_state = tf.reshape(starts, [-1] + [1] * (state.shape.rank - 1))
        self._assign(
            tf.where(starts_state, self._initial_state(self._random.next()), next_state),
            tf.where(starts, 0, elapsed),
            tf.where(starts, ts.StepType.FIRST, tf.where(ended, ts.StepType.LAST, ts.StepType.MID)),
            tf.where(starts, 0.0, reward),
            tf.where(terminated & ~starts, 0.0, 1.0),
        )
        return self._current_time_step()

    def _assign(self, state, elapsed, step_type, reward, discount) -> None:
        self._state.assign(state)
        self._elapsed.assign(elapsed)
        self._step_type.assign(step_type)
        self._reward.assign(reward)
        self._discount.assign(discount)
