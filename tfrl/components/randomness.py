"""Random numbers that are a pure function of (seed, stream, step).

There is no generator state to share, so a run does not depend on the process it is in, on the
number of workers, or on what ran before it. Philox is named explicitly: TensorFlow's default may
differ between devices, and Philox gives the same bits on every processor.
"""

import enum

import tensorflow as tf


class Stream(enum.IntEnum):
    """What the numbers are for. Each purpose of one run draws from a stream of its own."""

    WEIGHTS = 0
    ENVIRONMENT = 1
    POLICY = 2
    REPLAY = 3
    ANCHORS = 4
    EVALUATION = 5
    MINIBATCHES = 6

    # Levels have no stream: they are the same whatever the seed; see `of_levels`.


class RandomStream(tf.Module):
    """A sequence of keys for TensorFlow's stateless random operations.

    It works inside and outside `tf.function` and under XLA. Two streams with equal (seed, stream)
    give equal keys; any two that differ give keys that differ.
    """

    def __init__(self, stream: Stream, seed: int = 0, name: str | None = None):
        super().__init__(name=name)
        self._stream = stream
        self._next = tf.Variable(self._key_of(seed), trainable=False, name="next_key")

    @property
    def stream(self) -> Stream:
        """What the numbers are for."""
        return self._stream

    def reseed(self, seed: int, block: int = 0) -> None:
        """Starts the sequence of `seed` from its beginning, or from a later block of 2**32 keys.

        Not to be called inside a graph.
        """
        self._next.assign(self._key_of(seed, block))

    def next(self) -> tf.Tensor:
        """The next key, an int64 tensor `[2]` to be used for one random operation."""
        key = self._next.read_value()
        self._next.assign_add([0, 1])
        return key

    def _key_of(self, seed: int, block: int = 0) -> tf.Tensor:
        if not 0 <= seed < 2**48:
            raise ValueError(f"a seed is an integer from 0 to 2**48 - 1, not {seed}")
        return tf.constant([seed * 2**8 + int(self._stream), block * 2**32], tf.int64)


def bits(key: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Random integers of the given shape, over the whole range of uint32."""
    return tf.random.stateless_uniform(shape, key, None, None, tf.uint32, alg="philox")


def uniform(key: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
    """Uniform numbers from `[0, 1)`, float32 of the given shape, multiples of 2**-24.

    Made from the bits here, since TensorFlow makes other numbers of them under XLA than outside.
    """
    high = tf.bitwise.right_shift(bits(key, shape), tf.constant(8, tf.uint32))
    return tf.cast(high, tf.float32) * 2.0**-24


def integers(key: tf.Tensor, shape: tuple[int, ...], bound: tf.Tensor | int) -> tf.Tensor:
    """Uniform integers from `[0, bound)`, int64 of the given shape; `bound` is below 2**31.

    Lemire's multiplication without his rejection: no number's share is off by more than 2**-32.
    """
    product = tf.cast(bits(key, shape), tf.int64) * tf.cast(bound, tf.int64)
    return tf.bitwise.right_shift(product, tf.constant(32, tf.int64))


def permutation(key: tf.Tensor, size: int) -> tf.Tensor:
    """The numbers 0 to `size` - 1 in random order, int64 `[size]`; `size` is below 2**31."""
    index = tf.range(size, dtype=tf.int64)
    # No two numbers are equal, so that every way to sort gives the same order.
    numbers = tf.bitwise.left_shift(
        tf.cast(bits(key, (size,)), tf.int64), tf.constant(31, tf.int64)
    )
    return tf.bitwise.bitwise_and(tf.sort(numbers + index), tf.constant(2**31 - 1, tf.int64))


def categorical(key: tf.Tensor, logits: tf.Tensor, dtype: tf.DType = tf.int64) -> tf.Tensor:
    """One draw per row from the distributions with `logits` `[..., A]`: actions `[...]`.

    Gumbel-max: argmax(logits + g) with g = -log(-log(u)) is distributed as softmax(logits).
    """
    # The odd multiples of 2**-24 are exact in float32 and keep u off 0 and 1.
    high = tf.bitwise.right_shift(bits(key, logits.shape), tf.constant(9, tf.uint32))
    u = (2.0 * tf.cast(high, tf.float32) + 1.0) * 2.0**-24
    return tf.argmax(logits - tf.math.log(-tf.math.log(u)), axis=-1, output_type=dtype)


def of_levels(levels: tf.Tensor, count: int) -> tf.Tensor:
    """The first `count` random numbers of each of the levels int64 `[N]`: float64 `[N, count]`.

    Multiples of 2**-24 in [0, 1), a pure function of the level: SplitMix64 (Steele, Lea and Flood,
    2014, https://doi.org/10.1145/2660193.2660195) started from the level's own hash, the high bits.
    """
    start = _mixed(tf.cast(levels, tf.uint64))[:, None]
    index = tf.range(1, count + 1, dtype=tf.int64)
    numbers = _mixed(start + tf.cast(index, tf.uint64) * _unsigned(0x9E3779B97F4A7C15))
    high = tf.bitwise.right_shift(numbers, _unsigned(40))
    return tf.cast(high, tf.float64) * 2.0**-24


def from_intervals(uniforms: tf.Tensor, intervals: tf.Tensor) -> tf.Tensor:
    """Spreads uniform numbers evenly over unions of two intervals.

    Args:
      uniforms: float64 `[...]`, as `of_levels` makes them.
      intervals: float64 `[..., 2, 2]`, two pairs (low, high), the lower one first.

    Returns:
      float64 `[...]`. Up to the last addition nothing is rounded (24 bits times 24 bits), so that a
      compiler that fuses it with the multiplication gives the same bits as one that does not.
    """
    low, high = tf.unstack(intervals, axis=-1)  # [..., 2]
    width = _rounded(high - low)
    way = uniforms * _rounded(width[..., 0] + width[..., 1])
    beyond = way - width[..., 0]
    in_first = (beyond < 0) | tf.equal(width[..., 1], 0.0)
    return tf.where(
        in_first,
        tf.minimum(low[..., 0] + way, high[..., 0]),
        tf.minimum(low[..., 1] + beyond, high[..., 1]),
    )


def _mixed(z: tf.Tensor) -> tf.Tensor:
    """SplitMix64's hash of uint64 `[...]`."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        z = tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _unsigned(shift))) * _unsigned(
            factor
        )
    return tf.bitwise.bitwise_xor(z, tf.bitwise.right_shift(z, _unsigned(31)))


def _unsigned(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint64)


def _rounded(x: tf.Tensor) -> tf.Tensor:
    """To the 24 bits of float32."""
    return tf.cast(tf.cast(x, tf.float32), tf.float64)
