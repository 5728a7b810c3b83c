"""Logs of the episodes and the losses of training."""

import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.trajectories import trajectory


class EpisodeLog(tf.Module):
    """An observer that counts environment steps and logs each episode when it ends."""

    def __init__(self, batch_size: int, capacity: int):
        """Creates an empty log.

        Args:
          batch_size: number of environments, `B`.
          capacity: maximum number of episodes between two calls of `take`.
        """
        super().__init__()

        def variable(shape, dtype):
            return tf.Variable(tf.zeros(shape, dtype), trainable=False)

        self.has_observed = False  # whether `observe` was called, also if only traced
        self._capacity = capacity
        self._environment_steps = variable([], tf.int64)
        # Few variables, since each one makes a call of a compiled function slower.
        self._running = variable([batch_size, 2], tf.float64)  # return and length so far
        self._num_ended = variable([], tf.int32)
        # Step, return and length. Unfinished episodes are written to the extra last row.
        self._ended = variable([capacity + 1, 3], tf.float64)

    @property
    def environment_steps(self) -> tf.Variable:
        """The total number of steps in all environments. Resets do not count."""
        return self._environment_steps

    def observe(self, frame: trajectory.Trajectory) -> None:
        """Records one frame `[B, ...]`."""
        self.has_observed = True
        stepped = ~frame.is_boundary()
        earned = tf.stack([tf.where(stepped, frame.reward, 0.0), tf.cast(stepped, tf.float32)], 1)
        running = self._running + tf.cast(earned, tf.float64)
        steps = self._environment_steps + tf.cumsum(tf.cast(stepped, tf.int64))
        ended = frame.is_last()

        index = self._num_ended + tf.cumsum(tf.cast(ended, tf.int32)) - 1
        row = tf.where(ended, tf.minimum(index, self._capacity), self._capacity)
        episodes = tf.concat([tf.cast(steps, tf.float64)[:, None], running], axis=1)
        self._ended.scatter_update(tf.IndexedSlices(episodes, row))
        self._num_ended.assign_add(tf.reduce_sum(tf.cast(ended, tf.int32)))
        self._environment_steps.assign(steps[-1])
        self._running.assign(tf.where(ended[:, None], tf.zeros([], tf.float64), running))

    def take(self) -> dict[str, np.ndarray]:
        """Returns the logged episodes and empties the log. Call it outside of graphs only.

        Returns:
          The columns "step" (environment steps when the episode ended), "return" and "length"
          (environment steps), a row for each episode that ended since the last call, in order.

        Raises:
          OverflowError: more than `capacity` episodes ended.
        """
        count = int(self._num_ended.numpy())
        if count > self._capacity:
            raise OverflowError(f"{count} episodes ended, but the log holds {self._capacity}")
        self._num_ended.assign(0)
        step, earned, length = self._ended.numpy()[:count].T
        return {"step": step.astype(int), "return": earned, "length": length.astype(int)}


class LossLog(tf.Module):
    """Logs the mean of each loss over every `1 / num_points` of training.

    If an iteration is longer than that, the log has one point per iteration.
    """

    def __init__(
        self, environment_steps: tf.Variable, num_environment_steps: int, num_points: int = 200
    ):
        """Creates an empty log.

        Args:
          environment_steps: the number of steps so far, int64.
          num_environment_steps: the length of training.
          num_points: maximum number of points.
        """
        super().__init__()
        self._environment_steps = environment_steps
        self._num_environment_steps = num_environment_steps
        self._num_points = num_points
        self._names: tuple[str, ...] = ()

    def observe(self, loss_info: tf_agent.LossInfo) -> None:
        """Records the losses of one iteration.

        Raises:
          TypeError: `loss_info` is not a LossInfo.
        """
        scalars = _scalars(loss_info)
        if not self._names:
            self._create(tuple(scalars))
        total = self._total + tf.stack([*scalars.values(), tf.constant(1.0)])
        steps = self._environment_steps.read_value()
        point = steps * self._num_points // self._num_environment_steps

        def note() -> tf.Tensor:
            means = tf.cast(total[:-1] / total[-1], tf.float64)
            row = tf.concat([[tf.cast(steps, tf.float64)], means], axis=0)
            self._rows.scatter_update(tf.IndexedSlices(row[None], self._num_rows[None]))
            self._num_rows.assign_add(1)
            self._last_point.assign(point)
            return tf.zeros_like(total)

        self._total.assign(tf.cond(point > self._last_point, note, lambda: total))

    def take(self) -> dict[str, np.ndarray]:
        """Returns the logged points and empties the log. Call it outside of graphs only.

        Returns:
          The columns "step" (int64), "name" and "value" (float64), a row for each point and loss.
        """
        rows = np.zeros([0, 1])
        if self._names:
            rows = self._rows.numpy()[: int(self._num_rows.numpy())]
            self._num_rows.assign(0)
        return {
            "step": np.repeat(rows[:, 0].astype(np.int64), len(self._names)),
            "name": np.tile(np.array(self._names, dtype=object), len(rows)),
            "value": rows[:, 1:].ravel(),
        }

    def _create(self, names: tuple[str, ...]) -> None:
        """Creates the variables when the first iteration is traced and the names are known."""
        self._names = names
        with tf.init_scope():
            size = len(names) + 1
            self._total = tf.Variable(tf.zeros([size]), trainable=False)
            shape = [self._num_points + 1, size]
            self._rows = tf.Variable(tf.zeros(shape, tf.float64), trainable=False)
            self._num_rows = tf.Variable(0, trainable=False)
            self._last_point = tf.Variable(0, dtype=tf.int64, trainable=False)


def _scalars(loss_info: tf_agent.LossInfo) -> dict[str, tf.Tensor]:
    """Returns the loss and its components by name, each averaged over the batch."""
    if not isinstance(loss_info, tf_agent.LossInfo):
        raise TypeError(
            f"learn must return a LossInfo, as agent.train does, got {type(loss_info).__name__}"
        )
    extra = loss_info.extra
    components = extra if isinstance(extra, dict) else getattr(extra, "_asdict", dict)()
    return {
        name: tf.reduce_mean(tf.cast(value, tf.float32))
        for name, value in {"loss": loss_info.loss, **components}.items()
    }
