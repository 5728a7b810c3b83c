"""The losses of training: repeated updates in the graph, and a log of what they report."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent

Scalars = dict[str, tf.Tensor]


def repeat(update: Callable[[tf.Tensor], Scalars], times: int, names: Sequence[str]) -> Scalars:
    """Calls `update` with 0, 1, ..., `times` - 1 in a loop of the graph.

    Args:
      update: returns float32 scalars under `names`.
      times: at least 1.
      names: of the scalars.

    Returns:
      the mean of each scalar over the calls.
    """

    def body(i, totals):
        scalars = update(i)
        return i + 1, {name: totals[name] + scalars[name] for name in names}

    zeros = {name: tf.constant(0.0) for name in names}
    _, totals = tf.while_loop(lambda i, _: i < times, body, (tf.constant(0), zeros))
    return {name: totals[name] / times for name in names}


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
        is_due = point > self._last_point
        mean = tf.concat(
            [[tf.cast(steps, tf.float64)], tf.cast(total[:-1] / total[-1], tf.float64)], 0
        )
        # The row behind the last takes what is not due.
        row = tf.where(is_due, self._num_rows.read_value(), self._num_points + 1)
        self._rows.scatter_update(tf.IndexedSlices(mean[None], row[None]))
        self._num_rows.assign_add(tf.cast(is_due, tf.int32))
        self._last_point.assign(tf.where(is_due, point, self._last_point))
        self._total.assign(tf.where(is_due, tf.zeros_like(total), total))

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
            shape = [self._num_points + 2, size]
            self._rows = tf.Variable(tf.zeros(shape, tf.float64), trainable=False)
            self._num_rows = tf.Variable(0, trainable=False)
            self._last_point = tf.Variable(0, dtype=tf.int64, trainable=False)


def _scalars(loss_info: tf_agent.LossInfo) -> Scalars:
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
