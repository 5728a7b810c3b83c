"""Many tensors in one array, bit by bit.

What a call of a compiled function takes grows with each tensor that goes in or out, which counts
where there is a call for every step of an environment.
"""

import math

import tensorflow as tf
from tf_agents.typing import types


def num_words(spec: types.NestedTensorSpec) -> int:
    """Words of 32 bits that a nest of such tensors is packed into."""
    return sum(_num_words(one) for one in tf.nest.flatten(spec))


def pack(nest: types.NestedTensor) -> tf.Tensor:
    """The nest as words, int32 `[num_words]`, in the order of `tf.nest.flatten`."""
    words = [_to_words(x) for x in tf.nest.flatten(nest)]
    return tf.concat([tf.zeros([0], tf.int32), *words], axis=0)


def unpack(words: tf.Tensor, spec: types.NestedTensorSpec) -> types.NestedTensor:
    """The nest that was packed into `words`, int32 `[num_words]`."""
    begin, tensors = 0, []
    for one in tf.nest.flatten(spec):
        end = begin + _num_words(one)
        tensors.append(_from_words(words[begin:end], one))
        begin = end
    return tf.nest.pack_sequence_as(spec, tensors)


def _num_words(spec: tf.TensorSpec) -> int:
    if spec.dtype != tf.bool and spec.dtype.size not in (4, 8):
        raise ValueError(f"{spec.dtype.name} cannot be packed: expected 4 or 8 bytes, or bool")
    return math.prod(spec.shape) * (2 if spec.dtype.size == 8 else 1)


def _to_words(x: tf.Tensor) -> tf.Tensor:
    x = tf.cast(x, tf.int32) if x.dtype == tf.bool else tf.bitcast(x, tf.int32)
    return tf.reshape(x, [-1])


def _from_words(words: tf.Tensor, spec: tf.TensorSpec) -> tf.Tensor:
    if spec.dtype == tf.bool:
        return tf.cast(tf.reshape(words, spec.shape), tf.bool)
    shape = [*spec.shape, 2] if spec.dtype.size == 8 else spec.shape
    return tf.bitcast(tf.reshape(words, shape), spec.dtype)
