"""The examples, as a user would run them."""

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import time_step as ts

from examples.expected_sarsa import ExpectedSarsaPipeline
from tests.engine.one_run import digest
from tfrl import pipelines
from tfrl.environments import CartPole


def make(**config):
    return ExpectedSarsaPipeline(
        lambda batch: CartPole(batch_size=batch), ExpectedSarsaPipeline.Config(**config), 1_000
    )


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_the_target_of_expected_sarsa_is_the_mean_over_the_exploring_policy(epsilon):
    pipeline = make(initial_epsilon=epsilon, epsilon_greedy=epsilon)
    pipeline.initialize(1)
    pipeline.episode_log.environment_steps.assign(500)  # no longer at random
    observations = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    values, _ = pipeline.networks[0](observations)
    chosen = tf.one_hot(tf.argmax(values, -1), 2)
    probabilities = (1 - epsilon) * chosen + epsilon / 2
    expected = tf.reduce_sum(probabilities * values, -1)
    found = pipeline.agent._compute_next_q_values(ts.restart(observations, 5), ())
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.slow
def test_expected_sarsa_acts_by_what_it_has_learned():
    """Its collector once acted for ever by an agent that was not trained."""
    config = ExpectedSarsaPipeline.Config()
    trainer = pipelines.Trainer(ExpectedSarsaPipeline, config, "CartPole-v1", 20_000, 10_000, 10)
    result = trainer.run(0)
    returns = result.episodes["return"]
    assert returns[-10:].mean() > 3 * returns[:10].mean()
    assert digest(trainer.run(0)) == digest(result)
