"""Environments outside the graph, in the form that the graph uses."""

import numpy as np
import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.specs import array_spec, tensor_spec
from tf_agents.trajectories import time_step as ts

from tfrl.environments.gymnasium_wrapper import GymnasiumWrapper


class HostEnvironment(tf.Module, tf_environment.TFEnvironment):
    """A Gymnasium environment, converted for the networks of the pipelines.

    Observations are float32; a discrete observation is one-hot. Actions are integers from 0 on.

    A graph cannot step the environment. It reads the current time step, which the caller of the
    graph sets: it steps `host`, packs the result with `packed` and passes it to `set_time_step`.
    The packed array is one tensor, since each further tensor makes a call of a compiled function
    slower. Outside of graphs this is an ordinary environment.
    """

    def __init__(self, environment_name: str, host: GymnasiumWrapper):
        """Wraps `host`. `environment_name` is for error messages.

        Raises:
          LookupError: the action is not one discrete number, or there is no time limit.
        """
        action, observation = host.action_spec(), host.observation_spec()
        if not _is_discrete(action):
            raise LookupError(
                f"{environment_name} has actions of shape {action.shape} and type "
                f"{action.dtype.name}: expected one discrete action"
            )
        time_limit = host.time_limit
        if time_limit is None:
            raise LookupError(
                f"{environment_name} has no time limit, so an untrained policy may never end an "
                "episode: expected an id registered with max_episode_steps"
            )
        tf.Module.__init__(self, name=type(self).__name__)
        self._num_values = _num_values(observation) if _is_discrete(observation) else None
        self._shape = observation.shape if self._num_values is None else (self._num_values,)
        tf_environment.TFEnvironment.__init__(
            self,
            ts.time_step_spec(tf.TensorSpec(self._shape, tf.float32, "observation")),
            tensor_spec.BoundedTensorSpec([], tf.int64, 0, _num_values(action) - 1, "action"),
            host.batch_size,
        )
        self._host = host
        self._time_limit = time_limit
        self._first_value, self._first_action = observation.minimum, action.minimum
        self._current = tf.Variable(
            tf.zeros([host.batch_size, 3 + int(np.prod(observation.shape))]), trainable=False
        )
        self.reset()

    @property
    def host(self) -> GymnasiumWrapper:
        """The wrapped environment."""
        return self._host

    @property
    def time_limit(self) -> int:
        """Environment steps after which an episode is truncated."""
        return self._time_limit

    @property
    def packed_spec(self) -> tf.TensorSpec:
        """The spec of packed time steps, float32 `[B, ...]`."""
        return tf.TensorSpec(self._current.shape, tf.float32)

    def packed(self, time_step: ts.TimeStep) -> np.ndarray:
        """Packs a time step of the host into one array, float32 `[B, ...]`."""
        packed = np.empty(self._current.shape, np.float32)
        packed[:, 0] = time_step.step_type
        packed[:, 1] = time_step.reward
        packed[:, 2] = time_step.discount
        packed[:, 3:] = time_step.observation.reshape(self.batch_size, -1)
        return packed

    def unpacked(self, packed: tf.Tensor) -> ts.TimeStep:
        """Unpacks a time step, with its observation converted for policies."""
        step_type, reward, discount = tf.unstack(packed[:, :3], axis=1)
        observation = packed[:, 3:]
        if self._num_values is not None:
            index = tf.cast(observation[:, 0], tf.int64) - self._first_value
            observation = tf.one_hot(index, self._num_values)
        observation = tf.reshape(observation, [self.batch_size, *self._shape])
        return ts.TimeStep(tf.cast(step_type, tf.int32), reward, discount, observation)

    def set_time_step(self, packed: tf.Tensor) -> None:
        """Sets the current time step, packed as by `packed`. Works inside and outside of graphs."""
        self._current.assign(packed)

    def host_action(self, action: np.ndarray) -> np.ndarray:
        """Converts actions `[B]` to those of the host."""
        return action + self._first_action

    def _current_time_step(self):
        return self.unpacked(self._current.read_value())

    def _reset(self):
        _refuse_in_graph("reset")
        self.set_time_step(self.packed(self._host.reset()))
        return self._current_time_step()

    def _step(self, action):
        _refuse_in_graph("stepped")
        self.set_time_step(self.packed(self._host.step(self.host_action(action.numpy()))))
        return self._current_time_step()


def _is_discrete(spec: array_spec.BoundedArraySpec) -> bool:
    return np.issubdtype(spec.dtype, np.integer) and not spec.shape


def _num_values(spec: array_spec.BoundedArraySpec) -> int:
    return int(spec.maximum) - int(spec.minimum) + 1


def _refuse_in_graph(action: str) -> None:
    if tf.inside_function():
        raise RuntimeError(f"an environment outside the graph cannot be {action} in it")
