"""What a random policy returns, as scores are normalised by it."""

import numpy as np
import pytest
import tensorflow as tf

from tests.engine.playing import returns
from tfrl.analysis import benchmarks
from tfrl.environments import load
from tfrl.variations import DEFAULT_VARIATION

EPISODES = 1_000
KNOWN = [name for name, one in benchmarks.BENCHMARKS.items() if one.random is not None]


@pytest.mark.parametrize(
    "environment_id",
    [name for name, known in benchmarks.BENCHMARKS.items() if known.random is not None],
)
def test_a_random_policy_returns_as_much_as_reports_say(environment_id):
    environment = load(environment_id, batch_size=EPISODES)
    spec = environment.action_spec()

    def choose(step):
        last = int(spec.maximum)
        return tf.random.stateless_uniform([EPISODES], [1, step], 0, last + 1, spec.dtype)

    found = returns(environment, environment_id, DEFAULT_VARIATION, choose)
    # Four standard errors of the mean of so many episodes, and of the ten thousand behind it.
    error = 4 * np.std(found) * np.sqrt(1 / EPISODES + 1 / 10_000)
    assert np.mean(found) == pytest.approx(benchmarks.get(environment_id).random, abs=error + 0.01)
