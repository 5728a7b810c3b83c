"""Random numbers that are a pure function of (seed, stream, step).

There is no shared generator state, so a run does not depend on its process, on the number of
workers, or on earlier runs. The algorithm is always Philox, which gives the same bits on every
processor. TensorFlow's default may differ between devices.
"""

import enum

import tensorflow as tf


class Stream(enum.IntEnum):
    """The purposes of random numbers. Each one has its own stream in a run."""

    WEIGHTS = 0
    ENVIRONMENT = 1
    POLICY = 2
    REPLAY = 3
    ANCHORS = 4
    EVALUATION = 5
    MINIBATCHES = 6

    # Levels have no stream, since they do not depend on the seed: see `level_uniforms`.


class RandomStream(tf.Module):
    """A sequence of keys for TensorFlow's stateless random operations.

    It works inside and outside `tf.function` and under XLA. Streams with equal (seed, stream) give
    equal keys. Streams that differ in one of them never share a key.
    """

    def __init__(self, stream: Stream, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self._stream = stream
        self._next = tf.Variable(self._key_of(seed), trainable=False, name="next_key")

    @property
    def stream(self) -> Stream:
        """The purpose of the numbers."""
        return self._stream

    def reseed(self, seed: int, block: int = 0) -> None:
        """Restarts the sequence with `seed`, at the first key of a block of 2**32 keys.

        Call it outside of graphs only.
        """
        self._next.assign(self._key_of(seed, block))

    def next(self) -> tf.Tensor:
        """Returns the next key, an int64 tensor `[2]`. Use each key for one random operation."""
        key = self._next.read_value()
        self._next.assign_add([0, 1])
        return key

    def _key_of(self, seed: int, block: int = 0) -> tf.Tensor:
        if not 0 <= seed < 2**48:
            raise ValueError(f"seed must be >= 0 and < 2**48, got {seed}")
        return tf.constant([seed * 2**8 + int(self._stream), block * 2**32], tf.int64)


def bits(key: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Returns random integers of the given shape over the full range of uint32."""
    return tf.random.stateless_uniform(shape, key, None, None, tf.uint32, alg="philox")


def uniform(key: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Returns uniform numbers from `[0, 1)`, float32 of the given shape, multiples of 2**-24.

    They are computed from `bits`, since TensorFlow's own differ between XLA and eager execution.
    """
    high = tf.bitwise.right_shift(bits(key, shape), tf.constant(8, tf.uint32))
    return tf.cast(high, tf.float32) * 2.0**-24


def integers(key: tf.Tensor, shape: tuple[int, ...], bound: tf.Tensor | int) -> tf.Tensor:
    """Returns uniform integers from `[0, bound)`, int64 of the given shape; `bound` < 2**31.

    The method is Lemire's multiplication without rejection: the error of each probability is at
    most 2**-32.
    """
    product = tf.cast(bits(key, shape), tf.int64) * tf.cast(bound, tf.int64)
    return tf.bitwise.right_shift(product, tf.constant(32, tf.int64))


def permutation(key: tf.Tensor, size: int) -> tf.Tensor:
    """Returns a random permutation of 0 to `size` - 1, int64 `[size]`; `size` < 2**31."""
    index = tf.range(size, dtype=tf.int64)
    # All numbers differ, so every sorting algorithm gives the same order.
    numbers = tf.bitwise.left_shift(
        tf.cast(bits(key, (size,)), tf.int64), tf.constant(31, tf.int64)
    )
    return tf.bitwise.bitwise_and(tf.sort(numbers + index), tf.constant(2**31 - 1, tf.int64))


def categorical(key: tf.Tensor, logits: tf.Tensor, dtype: tf.DType = tf.int64) -> tf.Tensor:
    """Samples actions `[...]` from categorical distributions with `logits` `[..., A]`.

    The method is Gumbel-max: argmax(logits + g) with g = -log(-log(u)) has the distribution
    softmax(logits).
    """
    # Odd multiples of 2**-24 are exact in float32, and u is never 0 or 1.
    high = tf.bitwise.right_shift(bits(key, logits.shape), tf.constant(9, tf.uint32))
    u = (2.0 * tf.cast(high, tf.float32) + 1.0) * 2.0**-24
    return tf.argmax(logits - tf.math.log(-tf.math.log(u)), axis=-1, output_type=dtype)


def level_uniforms(levels: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the first `count` random numbers of the levels int64 `[N]`: float64 `[N, count]`.

    They are multiples of 2**-24 in [0, 1) and a pure function of the level: the high bits of
    SplitMix64 (Steele, Lea and Flood, 2014, https://doi.org/10.1145/2660193.2660195), started from
    a hash of the level.
    """
    start = _mixed(tf.cast(levels, tf.uint64))[:, None]
    index = tf.range(1, count + 1, dtype=tf.int64)
    numbers = _mixed(start + tf.cast(index, tf.uint64) * _unsigned(0x9E3779B97F4A7C15))
    high = tf.bitwise.right_shift(numbers, _unsigned(40))
    return tf.cast(high, tf.float64) * 2.0**-24


def scale_to_intervals(uniforms: tf.Tensor, intervals: tf.Tensor) -> tf.Tensor:
    """Maps uniform numbers to numbers that are uniform on unions of two intervals.

    Args:
      uniforms: float64 `[...]`, output of `level_uniforms`.
      intervals: float64 `[..., 2, 2]`, two pairs (low, high), the lower one first.

    Returns:
      float64 `[...]`. Only the last addition rounds (24 bits times 24 bits fit in float64), so the
      bits are the same whether or not a compiler fuses it with the multiplication.
    """
    low, high = tf.unstack(intervals, axis=-1)  # [..., 2]
    width = _rounded(high - low)
    distance = uniforms * _rounded(width[..., 0] + width[..., 1])
    beyond = distance - width[..., 0]
    in_first = (beyond < 0) | tf.equal(width[..., 1], 0.0)
    return tf.where(
        in_first,
        tf.minimum(low[..., 0] + distance, high[..., 0]),
        tf.minimum(low[..., 1] + beyond, high[..., 1]),
    )


def _mixed(z: tf.Tensor) -> tf.Tensor:
    """Returns SplitMix64's hash of uint64 `[...]`."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _unsigned(shift))) * _unsigned(
            factor
        )
    return tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _unsigned(31)))


def _unsigned(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint64)


def _rounded(x: tf.Tensor) -> tf.Tensor:
    """Returns float64 `x` rounded to the 24 bits of float32."""
    return tf.cast(tf.cast(x, tf.float32), tf.float64)
