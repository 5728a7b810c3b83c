"""Observers of training: a log of its episodes, and one of its losses."""

import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent
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

        self.has_observed = False  # whether a frame was shown to it, be it while tracing
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
        self.has_observed = True
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


class LossLog(tf.Module):
    """Keeps the mean of each loss over every `1 / num_points` of training.

    Where one iteration spans more than that, there is a point for each iteration.
    """

    def __init__(
        self, environment_steps: tf.Variable, num_environment_steps: int, num_points: int = 200
    ):
        """Creates an empty log.

        Args:
          environment_steps: counts the steps taken, int64.
          num_environment_steps: the length of training.
          num_points: the most points that there will be.
        """
        super().__init__()
        self._environment_steps = environment_steps
        self._num_environment_steps = num_environment_steps
        self._num_points = num_points
        self._names: tuple[str, ...] = ()

    def observe(self, loss_info: tf_agent.LossInfo) -> None:
        """Takes in what one iteration of learning returned.

        Raises:
          TypeError: it is not a LossInfo.
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
        """Empties the log. Not to be called inside a graph.

        Returns:
          columns with a row for each point and loss: "step" int64, "name", "value" float64.
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
        """Creates the variables when the first iteration is traced, which tells the names."""
        self._names = names
        with tf.init_scope():
            size = len(names) + 1
            self._total = tf.Variable(tf.zeros([size]), trainable=False)
            shape = [self._num_points + 1, size]
            self._rows = tf.Variable(tf.zeros(shape, tf.float64), trainable=False)
            self._num_rows = tf.Variable(0, trainable=False)
            self._last_point = tf.Variable(0, dtype=tf.int64, trainable=False)


def _scalars(loss_info: tf_agent.LossInfo) -> dict[str, tf.Tensor]:
    """The loss and its components by name, each averaged over the batch."""
    if not isinstance(loss_info, tf_agent.LossInfo):
        raise TypeError(
            f"learn must return a LossInfo, as agent.train does, got {type(loss_info).__name__}"
        )
    extra = loss_info.extra
    parts = extra if isinstance(extra, dict) else getattr(extra, "_asdict", dict)()
    return {
        name: tf.reduce_mean(tf.cast(value, tf.float32))
        for name, value in {"loss": loss_info.loss, **parts}.items()
    }
