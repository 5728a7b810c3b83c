"""What is kept of the losses of training."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.agents import tf_agent

from tfrl.components import randomness
from tfrl.components.logs import LossLog
from tfrl.components.losses import repeat


class Extra(NamedTuple):
    td_error: tf.Tensor


def test_the_mean_over_updates():
    def update(i):
        return {"a": tf.cast(i, tf.float32), "b": tf.constant(2.0)}

    means = tf.function(lambda: repeat(update, 5, ("a", "b")), jit_compile=True)()
    assert {name: float(value) for name, value in means.items()} == {"a": 2.0, "b": 2.0}


def train(num_steps, steps_at_once, num_points):
    """A log of a training whose loss is the number of the iteration, from 1 on."""
    steps, iteration = (tf.Variable(0, dtype=tf.int64) for _ in range(2))
    log = LossLog(steps, num_steps, num_points)

    @tf.function(jit_compile=True, autograph=False)
    def iterate(until):
        def body():
            steps.assign_add(steps_at_once)
            iteration.assign_add(1)
            loss = tf.cast(iteration.read_value(), tf.float32)
            log.observe(tf_agent.LossInfo(loss, Extra(tf.stack([loss, 3 * loss]))))
            return ()

        tf.while_loop(lambda: steps < until, body, ())

    taken = []
    for until in (num_steps // 2, num_steps):
        iterate(tf.constant(until, tf.int64))
        taken.append(log.take())
    assert not len(log.take()["step"])
    return {name: np.concatenate([table[name] for table in taken]) for name in taken[0]}


def test_a_point_is_the_mean_since_the_point_before():
    losses = train(num_steps=1_000, steps_at_once=10, num_points=20)
    steps, names, values = losses["step"], losses["name"], losses["value"]
    assert list(names[:2]) == ["loss", "td_error"]
    assert steps[::2].tolist() == list(range(50, 1_001, 50))
    five = np.arange(1, 101).reshape(20, 5).mean(axis=1)
    np.testing.assert_allclose(values[names == "loss"], five)
    np.testing.assert_allclose(values[names == "td_error"], 2 * five)  # mean over the batch


def test_there_is_a_point_for_each_iteration_that_spans_more():
    losses = train(num_steps=1_000, steps_at_once=130, num_points=200)
    assert losses["step"][::2].tolist() == [130 * i for i in range(1, 9)]
    assert losses["value"][::2].tolist() == list(range(1, 9))


def test_learning_that_returns_no_losses_is_refused():
    with pytest.raises(TypeError, match=r"learn must return a LossInfo, .* got NoneType"):
        LossLog(tf.Variable(0, dtype=tf.int64), 10).observe(None)


def test_a_permutation_has_every_number_once_and_all_are_equally_likely():
    keys = tf.constant([[1, i] for i in range(400)], tf.int64)
    draws = np.array([randomness.permutation(key, 6).numpy() for key in keys])
    assert np.array_equal(np.sort(draws, axis=1), np.tile(np.arange(6), (400, 1)))
    counts = np.array([[np.sum(draws[:, place] == i) for i in range(6)] for place in range(6)])
    # Each of the 36 is binomial, 400 draws of 1 in 6: beyond 5 deviations once in a million.
    assert np.abs(counts - 400 / 6).max() < 5 * np.sqrt(400 * 5 / 36)
