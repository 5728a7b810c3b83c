"""What the best constant action achieves, as reports compare it with what was learned."""

import numpy as np
import pytest
import tensorflow as tf

from tests.engine.playing import returns
from tfrl import variations
from tfrl.analysis import benchmarks
from tfrl.environments import load
from tfrl.variations import GRID

pytestmark = pytest.mark.slow  # plays thousands of episodes
EPISODES = 1_000


def constant(environment, action):
    """Chooses the same action always."""
    actions = tf.fill([EPISODES], tf.cast(action, environment.action_spec().dtype))
    return lambda step: actions


@pytest.mark.parametrize(
    "environment_id", ["CartPole-v0", "MountainCar-v0", "Acrobot-v1", "Maze-v0"]
)
def test_the_best_constant_action_succeeds_as_often_as_reports_say(environment_id):
    environment = load(environment_id, batch_size=EPISODES)
    benchmark = benchmarks.get(environment_id)
    limit, known = benchmark.success, benchmark.constant_action
    for variation in variations.names(environment_id):
        if variation == GRID:
            continue
        rates = [
            np.mean(
                returns(environment, environment_id, variation, constant(environment, action))
                >= limit
            )
            for action in range(int(environment.action_spec().maximum) + 1)
        ]
        share = known.get(variation, 0.0)
        # Four standard errors of a share of so many episodes.
        error = 4 * np.sqrt(share * (1 - share) / EPISODES)
        assert max(rates) == pytest.approx(share, abs=error)
