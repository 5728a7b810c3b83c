"""What became of the episodes: a log of those played in training, and evaluation of a policy."""

import numpy as np
import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy
from tf_agents.trajectories import trajectory


class EpisodeLog(tf.Module):
    """An observer that counts environment steps and notes each episode as it ends."""

    def __init__(self, batch_size: int, capacity: int):
        """Creates an empty log.

        Args:
          batch_size: number of environments, `B`.
          capacity: how many episodes it can hold until `take` empties it. More are lost, which
            `take` refuses to pass over.
        """
        super().__init__()

        def variable(shape, dtype):
            return tf.Variable(tf.zeros(shape, dtype), trainable=False)

        self._capacity = capacity
        self._environment_steps = variable([], tf.int64)
        # Few variables: each one adds to what a call of a compiled function takes.
        self._running = variable([batch_size, 2], tf.float64)  # return and length so far
        self._num_ended = variable([], tf.int32)
        # Step, return and length. Episodes that go on are written to the row behind the last.
        self._ended = variable([capacity + 1, 3], tf.float64)

    @property
    def environment_steps(self) -> tf.Variable:
        """Steps taken in all environments together; resets are not steps."""
        return self._environment_steps

    def observe(self, frame: trajectory.Trajectory) -> None:
        """Takes in one frame `[B, ...]`."""
        stepped = ~frame.is_boundary()
        earned = tf.stack([tf.where(stepped, frame.reward, 0.0), tf.cast(stepped, tf.float32)], 1)
        running = self._running + tf.cast(earned, tf.float64)
        steps = self._environment_steps + tf.cumsum(tf.cast(stepped, tf.int64))
        ended = frame.is_last()

        place = self._num_ended + tf.cumsum(tf.cast(ended, tf.int32)) - 1
        row = tf.where(ended, tf.minimum(place, self._capacity), self._capacity)
        episodes = tf.concat([tf.cast(steps, tf.float64)[:, None], running], axis=1)
        self._ended.scatter_update(tf.IndexedSlices(episodes, row))
        self._num_ended.assign_add(tf.reduce_sum(tf.cast(ended, tf.int32)))
        self._environment_steps.assign(steps[-1])
        self._running.assign(tf.where(ended[:, None], tf.zeros([], tf.float64), running))

    def take(self) -> dict[str, np.ndarray]:
        """Empties the log. Not to be called inside a graph.

        Returns:
          the columns "step" (environment steps when the episode ended), "return" and "length"
          (environment steps) of the episodes that ended since the last call, in order.

        Raises:
          OverflowError: more episodes ended than the log can hold.
        """
        count = int(self._num_ended.numpy())
        if count > self._capacity:
            raise OverflowError(f"{count} episodes ended, but the log holds {self._capacity}")
        self._num_ended.assign(0)
        step, earned, length = self._ended.numpy()[:count].T
        return {"step": step.astype(int), "return": earned, "length": length.astype(int)}


def play(
    environment: tf_environment.TFEnvironment, policy: tf_policy.TFPolicy
) -> tuple[tf.Tensor, tf.Tensor]:
    """Plays with `policy` until the episode in progress has ended in each environment.

    Returns:
      what these episodes earned from here on, float32 `[B]`, and the environment steps that it
      took, int64 `[B]`.
    """
    shape = [environment.batch_size]

    def step(over, returns, lengths):
        action = policy.action(environment.current_time_step()).action
        time_step = environment.step(action)
        returns += tf.where(over, 0.0, time_step.reward)
        lengths += tf.cast(~over, tf.int64)
        return over | time_step.is_last(), returns, lengths

    _, returns, lengths = tf.while_loop(
        lambda over, *_: ~tf.reduce_all(over),
        step,
        [tf.zeros(shape, tf.bool), tf.zeros(shape), tf.zeros(shape, tf.int64)],
    )
    return returns, lengths
