"""Seeded initial weights, and dense layers whose gradients have the same bits on any processor."""

from collections.abc import Iterable

import tensorflow as tf
import tf_keras as keras

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream


def draw_weights(modules: Iterable[tf.Module], random: RandomStream) -> None:
    """Draws each layer's weights with the layer's own initializers, seeded by `random`.

    It relies on one convention of Keras: a layer with the weight `w` has its initializer in
    `w_initializer`. Layers of TF-Agents' networks follow it too. Call it outside of graphs only.

    Raises:
      ValueError: a trainable weight has no known initializer.
      AttributeError: an initializer is not one of Keras's.
    """
    for module in modules:
        drawn = set()
        for layer in module.submodules:
            if not isinstance(layer, keras.layers.Layer):
                continue
            for name, initializer in sorted(vars(layer).items()):
                weight = getattr(layer, name.removesuffix("_initializer"), None)
                if name.endswith("_initializer") and isinstance(weight, tf.Variable):
                    weight.assign(_draw(initializer, weight, random))
                    drawn.add(weight.ref())
        missing = [w.name for w in module.trainable_variables if w.ref() not in drawn]
        if missing:
            raise ValueError(f"no initializer is known for {', '.join(missing)}")


def _draw(initializer, weight: tf.Variable, random: RandomStream) -> tf.Tensor:
    # Keras takes one non-negative integer as a seed.
    seed = int(randomness.integers(random.next(), (), 2**31 - 1))
    config = initializer.get_config()
    config.pop("dtype", None)
    if "seed" in config:
        config["seed"] = seed
    # TF-Agents' networks use TensorFlow 1 initializers, which depend on hidden state in spite of
    # their seed. Keras's of the same name have the same distribution and depend on the seed alone.
    return getattr(keras.initializers, type(initializer).__name__)(**config)(
        weight.shape, weight.dtype
    )


# Maximum number of rows that a matrix product sums over. XLA computes larger products with Eigen,
# which splits the sum into blocks by the size of the processor's cache, so bits would depend on it.
MAX_ROWS = 512


class ChunkedDense(keras.layers.Dense):
    """A dense layer whose kernel's gradient is summed in chunks of at most `MAX_ROWS` rows."""

    def call(self, inputs):
        """Returns activations `[..., units]` of inputs `[..., d]`."""
        rows = tf.reshape(tf.cast(inputs, self.compute_dtype), [-1, inputs.shape[-1]])
        outputs = _product(rows, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias)
        if self.activation is not None:
            outputs = self.activation(outputs)
        return tf.reshape(outputs, [*_shape(inputs)[:-1], self.units])


def sum_in_chunks(module: tf.Module) -> None:
    """Turns every dense layer of a module into a `ChunkedDense`.

    TF-Agents' networks create their own layers and accept no other class, so this changes the class
    of each layer in place. Weights and their names stay. Call it before anything is traced.
    """
    for layer in module.submodules:
        if type(layer) is keras.layers.Dense:
            layer.__class__ = ChunkedDense


@tf.custom_gradient
def _product(rows: tf.Tensor, kernel: tf.Tensor):
    """Returns `rows` `[N, d]` times `kernel` `[d, units]`."""

    def gradient(upstream):
        by_rows = tf.matmul(upstream, kernel, transpose_b=True)
        return by_rows, transposed_product(rows, upstream)

    return tf.matmul(rows, kernel), gradient


def transposed_product(a: tf.Tensor, b: tf.Tensor, rows: int = MAX_ROWS) -> tf.Tensor:
    """Returns a^T b `[m, n]` of a `[N, m]` and b `[N, n]`, summed within and then over chunks."""
    size = a.shape[0]
    if size is not None and size <= rows:
        return tf.matmul(a, b, transpose_a=True)
    size = tf.shape(a)[0] if size is None else size
    num_chunks = -(-size // rows)
    padding = [[0, num_chunks * rows - size], [0, 0]]
    a, b = (tf.reshape(tf.pad(x, padding), [num_chunks, rows, x.shape[1]]) for x in (a, b))
    return tf.reduce_sum(tf.matmul(a, b, transpose_a=True), axis=0)


def _shape(x: tf.Tensor) -> list:
    """Returns the size of each dimension: an int if it is static, else a scalar tensor."""
    return [size if size is not None else tf.shape(x)[axis] for axis, size in enumerate(x.shape)]
