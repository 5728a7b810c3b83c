"""Networks that one compiled function trains from any seed, to the same bits on any processor."""

from collections.abc import Iterable

import tensorflow as tf
import tf_keras as keras

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream


def draw_weights(modules: Iterable[tf.Module], random: RandomStream) -> None:
    """Assigns to each layer's weights what its own initializers would draw, keyed by `random`.

    A Keras layer names the initializer of its weight `w` as `w_initializer`: that convention is all
    that is relied on, and it holds for the layers of TF-Agents' networks too. Not to be called
    inside a graph.

    Raises:
      ValueError: there is a trainable weight for which no initializer is known.
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
        left_out = [w.name for w in module.trainable_variables if w.ref() not in drawn]
        if left_out:
            raise ValueError(f"no initializer is known for {', '.join(left_out)}")


def _draw(initializer, weight: tf.Variable, random: RandomStream) -> tf.Tensor:
    # Keras takes one non-negative integer as a seed.
    seed = int(randomness.integers(random.next(), (), 2**31 - 1))
    config = initializer.get_config()
    config.pop("dtype", None)
    if "seed" in config:
        config["seed"] = seed
    # TF-Agents' networks use TensorFlow 1 initializers, which draw from hidden state whatever their
    # seed; Keras's of the same name draw from the same distribution and the seed alone.
    return getattr(keras.initializers, type(initializer).__name__)(**config)(
        weight.shape, weight.dtype
    )


# The most rows that a matrix product may sum over. XLA hands larger ones to Eigen, which cuts the
# sum into blocks that fit the processor's cache: another cache, other bits. Up to here it does not.
MOST_ROWS = 512


class ChunkedDense(keras.layers.Dense):
    """A dense layer whose kernel's gradient is summed in chunks of at most `MOST_ROWS` rows."""

    def call(self, inputs):
        """Activations `[..., units]` of inputs `[..., d]`."""
        rows = tf.reshape(tf.cast(inputs, self.compute_dtype), [-1, inputs.shape[-1]])
        outputs = _product(rows, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = tf.nn.bias_add(outputs, self.bias)
        if self.activation is not None:
            outputs = self.activation(outputs)
        return tf.reshape(outputs, [*_shape(inputs)[:-1], self.units])


def sum_in_chunks(module: tf.Module) -> None:
    """Turns every dense layer of a module into a `ChunkedDense`.

    TF-Agents' networks make their layers themselves and take no other class, so each layer changes
    its class in place. It keeps its weights and their names. Call it before anything is traced.
    """
    for layer in module.submodules:
        if type(layer) is keras.layers.Dense:
            layer.__class__ = ChunkedDense


@tf.custom_gradient
def _product(rows: tf.Tensor, kernel: tf.Tensor):
    """`rows` `[N, d]` times `kernel` `[d, units]`."""

    def gradient(upstream):
        by_rows = tf.matmul(upstream, kernel, transpose_b=True)
        return by_rows, transposed_product(rows, upstream)

    return tf.matmul(rows, kernel), gradient


def transposed_product(a: tf.Tensor, b: tf.Tensor, rows: int = MOST_ROWS) -> tf.Tensor:
    """a^T b `[m, n]` of `[N, m]` and `[N, n]`, the N rows summed in chunks, then their sums."""
    size = a.shape[0]
    if size is not None and size <= rows:
        return tf.matmul(a, b, transpose_a=True)
    size = tf.shape(a)[0] if size is None else size
    num_chunks = -(-size // rows)
    padding = [[0, num_chunks * rows - size], [0, 0]]
    a, b = (tf.reshape(tf.pad(x, padding), [num_chunks, rows, x.shape[1]]) for x in (a, b))
    return tf.reduce_sum(tf.matmul(a, b, transpose_a=True), axis=0)


def _shape(x: tf.Tensor) -> list:
    """The static size of each dimension where it is known, else the one of the graph."""
    return [size if size is not None else tf.shape(x)[axis] for axis, size in enumerate(x.shape)]
