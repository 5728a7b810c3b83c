"""Initial weights depend on the layers' initializers and the seed alone."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tf_keras as keras
from tf_agents.networks import sequential

from tfrl.components.networks import draw_weights
from tfrl.components.randomness import RandomStream, Stream


def weights(networks):
    return [w.numpy() for network in networks for w in network.variables]


def test_equal_seeds_draw_equal_weights(make_networks):
    networks = make_networks(seed=3)
    first = weights(networks)
    draw_weights(networks, RandomStream(Stream.WEIGHTS, 4))
    second = weights(networks)
    draw_weights(networks, RandomStream(Stream.WEIGHTS, 3))
    for a, b, again in zip(first, second, weights(networks), strict=True):
        np.testing.assert_array_equal(a, again)
        assert a.ndim == 1 or (a != b).any()


def test_weights_have_the_distributions_of_the_initializers():
    network = sequential.Sequential(
        [
            keras.layers.Dense(
                300,
                kernel_initializer=keras.initializers.RandomUniform(-0.2, 0.4),
                bias_initializer=keras.initializers.Constant(-0.2),
            ),
            keras.layers.Dense(
                200,
                kernel_initializer=tf.compat.v1.variance_scaling_initializer(
                    scale=2.0, mode="fan_in", distribution="truncated_normal"
                ),
            ),
        ]
    )
    network.create_variables(tf.TensorSpec([50], tf.float32))
    draw_weights([network], RandomStream(Stream.WEIGHTS, 0))
    kernel, bias, second_kernel, second_bias = weights([network])
    assert scipy.stats.kstest(kernel.ravel(), scipy.stats.uniform(-0.2, 0.6).cdf).pvalue > 1e-3
    assert np.all(bias == np.float32(-0.2))
    # Variance scaling keeps the variance at scale / fan_in in spite of truncation.
    np.testing.assert_allclose(second_kernel.std(), np.sqrt(2.0 / 300), rtol=0.01)
    assert np.all(second_bias == 0)


def test_a_weight_without_an_initializer_is_an_error():
    class Odd(keras.layers.Layer):
        def build(self, shape):
            self.scale = self.add_weight(name="scale", shape=(1,))

        def call(self, x):
            return x * self.scale

    network = sequential.Sequential([Odd()])
    network.create_variables(tf.TensorSpec([2], tf.float32))
    with pytest.raises(ValueError, match=r"no initializer is known for .*scale"):
        draw_weights([network], RandomStream(Stream.WEIGHTS))
