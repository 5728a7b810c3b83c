"""What a random policy returns, as scores are normalised by it."""

import numpy as np
import pytest
import tensorflow as tf

from tfrl import conditions
from tfrl.analysis import thresholds
from tfrl.conditions import DEFAULT, HELD_OUT
from tfrl.environments import load


def returns(environment_id, episodes, seed=0):
    """Of held-out levels, one episode each, every action as likely as any other."""
    environment = load(environment_id, batch_size=episodes)
    levels = HELD_OUT + np.arange(episodes)
    intervals = conditions.intervals(environment_id, DEFAULT, levels)
    spec = environment.action_spec()

    @tf.function
    def play():
        environment.set_levels(tf.constant(levels), tf.constant(intervals))
        total, alive = tf.zeros([episodes]), tf.ones([episodes])
        for step in tf.range(environment.time_limit):
            actions = tf.random.stateless_uniform(
                [episodes], [seed, step], 0, int(spec.maximum) + 1, spec.dtype
            )
            time_step = environment.step(actions)
            total += alive * time_step.reward
            alive *= tf.cast(~time_step.is_last(), tf.float32)
        return total

    return play().numpy().astype(float)


@pytest.mark.parametrize("environment_id", sorted(thresholds.RANDOM))
def test_a_random_policy_returns_as_much_as_reports_say(environment_id):
    found = returns(environment_id, 1_000, seed=1)
    # Four standard errors of the mean of so many episodes, and of the ten thousand behind it.
    error = 4 * np.std(found) * np.sqrt(1 / 1_000 + 1 / 10_000)
    assert np.mean(found) == pytest.approx(thresholds.RANDOM[environment_id], abs=error + 0.01)
