"""Statistics over the frames that are experience, leaving out those that are not."""

import tensorflow as tf


def masked_normalize(x: tf.Tensor, mask: tf.Tensor, epsilon: float = 1e-8) -> tf.Tensor:
    """`x` less its mean, over its standard deviation, both taken where `mask` is 1.

    Args:
      x: float tensor of any shape.
      mask: float tensor of the same shape, 1 for what counts and 0 for what does not.
      epsilon: added to the standard deviation.

    Returns:
      a tensor of the same shape, 0 where `mask` is 0.
    """
    count = tf.maximum(tf.reduce_sum(mask), 1.0)
    centred = (x - tf.reduce_sum(x * mask) / count) * mask
    deviation = tf.sqrt(tf.reduce_sum(centred**2) / count)
    return centred / (deviation + epsilon)


def mean_weights(weights: tf.Tensor) -> tf.Tensor:
    """Scales `weights`, of any shape, so that `reduce_mean(weights * x)` is the weighted mean."""
    size = tf.cast(tf.size(weights), weights.dtype)
    return weights * size / tf.maximum(tf.reduce_sum(weights), 1e-8)
