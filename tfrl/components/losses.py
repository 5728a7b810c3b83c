"""Functions shared by the losses and updates of several agents."""

from collections.abc import Callable, Sequence

import tensorflow as tf

Scalars = dict[str, tf.Tensor]


def repeat(
    update: Callable[[tf.Tensor], Scalars], times: int | tf.Tensor, names: Sequence[str]
) -> Scalars:
    """Calls `update` with 0, 1, ..., `times` - 1 in a `tf.while_loop`.

    Args:
      update: returns a dictionary of float32 scalars with the keys `names`.
      times: number of calls, at least 1.
      names: names of the scalars.

    Returns:
      The mean of each scalar over the calls.
    """

    def body(i, totals):
        scalars = update(i)
        return i + 1, {name: totals[name] + scalars[name] for name in names}

    zeros = {name: tf.constant(0.0) for name in names}
    _, totals = tf.while_loop(lambda i, _: i < times, body, (tf.constant(0), zeros))
    return {name: totals[name] / tf.cast(times, tf.float32) for name in names}


def masked_normalize(x: tf.Tensor, mask: tf.Tensor, epsilon: float = 1e-8) -> tf.Tensor:
    """Normalizes `x` to mean 0 and standard deviation 1 over the elements where `mask` is 1.

    Args:
      x: float tensor of any shape.
      mask: float tensor of the same shape, 1 for valid elements and 0 for the others.
      epsilon: added to the standard deviation.

    Returns:
      A tensor of the same shape, 0 where `mask` is 0.
    """
    count = tf.maximum(tf.reduce_sum(mask), 1.0)
    centred = (x - tf.reduce_sum(x * mask) / count) * mask
    deviation = tf.sqrt(tf.reduce_sum(centred**2) / count)
    return centred / (deviation + epsilon)


def mean_weights(weights: tf.Tensor) -> tf.Tensor:
    """Scales `weights`, of any shape, so that `reduce_mean(weights * x)` is the weighted mean."""
    size = tf.cast(tf.size(weights), weights.dtype)
    return weights * size / tf.maximum(tf.reduce_sum(weights), 1e-8)
