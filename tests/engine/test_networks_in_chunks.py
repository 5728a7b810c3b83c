"""Compares chunked dense layers and flat Adam with Keras's own."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tfrl.components.networks import ChunkedDense, sum_in_chunks, transposed_product
from tfrl.components.optimizers import FlatAdam

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("rows", [1, 511, 512, 513, 1_024, 1_500])
def test_transposed_product_equals_numpys(rows):
    a, b = RNG.normal(size=(rows, 5)), RNG.normal(size=(rows, 3))
    np.testing.assert_allclose(transposed_product(tf.constant(a), tf.constant(b)), a.T @ b)


def test_transposed_product_accepts_an_unknown_number_of_rows():
    function = tf.function(
        transposed_product, input_signature=[tf.TensorSpec([None, 5]), tf.TensorSpec([None, 3])]
    )
    a, b = (RNG.normal(size=(1_300, n)).astype(np.float32) for n in (5, 3))
    np.testing.assert_allclose(function(a, b), a.T @ b, rtol=1e-4, atol=1e-4)


def test_a_chunked_layer_equals_a_dense_layer():
    keras.utils.set_random_seed(1)
    plain = keras.Sequential(
        [keras.layers.Dense(7, activation="tanh"), keras.layers.Dense(2, use_bias=False)]
    )
    inputs = tf.constant(RNG.normal(size=(3, 400, 4)), tf.float32)

    def outputs_and_gradients():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = plain(inputs)
            loss = tf.reduce_sum(outputs**2)
        return [outputs, *tape.gradient(loss, [inputs, *plain.trainable_variables])]

    expected = outputs_and_gradients()
    names = [variable.name for variable in plain.variables]
    sum_in_chunks(plain)
    assert all(type(layer) is ChunkedDense for layer in plain.layers)
    assert [variable.name for variable in plain.variables] == names
    for actual, desired in zip(outputs_and_gradients(), expected, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("clipnorm", [None, 0.5])
def test_flat_adam_equals_adam(clipnorm):
    shapes = [(4, 3), (3,), (3, 2)]
    first = [RNG.normal(size=shape).astype(np.float32) for shape in shapes]
    flat_weights, plain_weights = ([tf.Variable(x) for x in first] for _ in range(2))
    idle = tf.Variable(1.0)
    flat = FlatAdam(0.01, epsilon=1e-5, global_clipnorm=clipnorm)
    plain = keras.optimizers.Adam(0.01, epsilon=1e-5, global_clipnorm=clipnorm)
    for _ in range(5):
        grads = [tf.constant(RNG.normal(size=shape), tf.float32) for shape in shapes]
        flat.apply_gradients([(None, idle), *zip(grads, flat_weights, strict=True)])
        plain.apply_gradients(zip(grads, plain_weights, strict=True))
        norm = np.sqrt(sum(np.sum(g.numpy() ** 2) for g in grads))
        assert float(flat.gradient_norm) == pytest.approx(norm, rel=1e-5)
    for a, b in zip(flat_weights, plain_weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert float(idle) == 1.0
