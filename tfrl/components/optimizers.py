"""Adam that updates all weights as one vector."""

from collections.abc import Iterable

import tensorflow as tf
import tf_keras as keras


class FlatAdam(keras.optimizers.Adam):
    """Keras's Adam, applied to the concatenation of all weights.

    Adam treats every number alike, so the result is the same up to rounding. A network of six small
    arrays costs a dozen operations on each; one vector costs a dozen in all, which is what counts
    where networks are small.

    `gradient_norm` holds the L2 norm of the last gradient, before `global_clipnorm` is applied.
    """

    def __init__(
        self,
        learning_rate: float,
        epsilon: float = 1e-7,
        global_clipnorm: float | None = None,
    ):
        """Takes the arguments of Keras's Adam."""
        super().__init__(
            learning_rate, epsilon=epsilon, global_clipnorm=global_clipnorm, name="FlatAdam"
        )
        self.gradient_norm = tf.Variable(0.0, trainable=False, name="gradient_norm")
        self._vector: tf.Variable | None = None

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[tf.Tensor | None, tf.Variable]], **kwargs
    ):
        """Updates the weights. Those without a gradient stay as they are."""
        pairs = [(grad, weight) for grad, weight in grads_and_vars if grad is not None]
        gradient = _concatenate(grad for grad, _ in pairs)
        if self._vector is None:
            with tf.init_scope():
                self._vector = tf.Variable(tf.zeros(gradient.shape), trainable=False, name="flat")
        self._vector.assign(_concatenate(weight.read_value() for _, weight in pairs))
        self.gradient_norm.assign(tf.norm(gradient))
        iterations = super().apply_gradients([(gradient, self._vector)], **kwargs)
        sizes = [weight.shape.num_elements() for _, weight in pairs]
        parts = tf.split(self._vector.read_value(), sizes)
        for part, (_, weight) in zip(parts, pairs, strict=True):
            weight.assign(tf.reshape(part, weight.shape))
        return iterations


def _concatenate(tensors: Iterable[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.reshape(tf.convert_to_tensor(x), [-1]) for x in tensors], axis=0)
