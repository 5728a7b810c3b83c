"""Each pipeline: a pure function of configuration and seed, and one that learns."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tfrl import pipelines

sys.path.insert(0, str(Path(__file__).parent))
import one_run

NAMES = tuple(pipelines.SHIPPED)


def digest_of_a_process(pipeline, seed):
    command = [sys.executable, one_run.__file__, pipeline, str(seed)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("name", NAMES)
def test_seeds_one_after_the_other_give_the_bits_of_each_alone(name):
    tf.random.set_seed(1)
    np.random.seed(1)  # noqa: NPY002
    first, second = map(one_run.digest, one_run.train(name, (1, 2)))
    assert first != second
    # The first seed had this process to itself.
    assert second == digest_of_a_process(name, 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_are_what_they_say(name):
    (result,) = one_run.train(name, (3,))
    episodes, evaluations = result.episodes, result.evaluations
    assert np.all(np.diff(episodes["step"]) >= 0)
    assert np.array_equal(episodes["episode"], np.arange(len(episodes["step"])))
    assert np.array_equal(episodes["return"], episodes["length"])  # CartPole: 1 for each step
    # Episodes in progress at the end are not in the table.
    assert 0 < episodes["length"].sum() <= episodes["step"][-1] + 500 * 8
    assert np.unique(evaluations["step"]).tolist() == [0, 1_000, 2_000]
    assert len(evaluations["step"]) == 3 * one_run.EPISODES
    assert set(evaluations["policy"]) == {"greedy"}
    assert result.updates > 0
    assert result.timings["compile"] > 0


# Somewhat more than a random policy's 22 is reached in a few seconds by any agent that learns.
@pytest.mark.parametrize(
    ("name", "config", "num_steps"),
    [
        ("dqn", {}, 10_000),
        ("dqn", {"double": True, "huber_loss": True, "gradient_clipping": 10.0}, 10_000),
        ("reinforce", {}, 30_000),
        ("reinforce", {"value_network": True, "entropy_regularization": 0.01}, 30_000),
        ("ppo", {}, 30_000),
        ("ppo", {"stock_agent": True, "anneal_learning_rate": False}, 30_000),
        ("apo", {}, 30_000),
        ("apo", {"anchor_direction": "theta_to_best", "anneal_anchor_weight": True}, 30_000),
    ],
)
def test_every_variant_learns(name, config, num_steps):
    pipeline = pipelines.resolve(name)
    trainer = pipelines.Trainer(
        pipeline, pipeline.Config(**config), "CartPole-v1", num_steps, num_steps, 32
    )
    result = trainer.run(0)
    assert result.episodes["return"][-20:].mean() > 50


def test_a_run_that_diverges_is_an_error_and_the_next_seed_is_untouched():
    found = pipelines.resolve("dqn")

    def trainer(learning_rate):
        config = found.Config(learning_rate=learning_rate, initial_collect_steps=10)
        return pipelines.Trainer(found, config, "CartPole-v1", 300, 300, 2)

    diverging = trainer(1e30)
    for _ in range(2):
        with pytest.raises(FloatingPointError, match="NaN or infinite by step"):
            diverging.run(0)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("sarsa", "unknown pipeline 'sarsa': expected one of dqn, reinforce, ppo, apo"),
        ("no_such_package.agents:Mine", "there is no module 'no_such_package'"),
        ("tfrl.pipelines.dqn:Mine", "tfrl.pipelines.dqn has no 'Mine'"),
        ("collections:OrderedDict", "is not a subclass of tfrl.pipelines.Pipeline"),
    ],
)
def test_what_is_no_pipeline_is_refused_with_one_sentence(reference, message):
    with pytest.raises(LookupError) as caught:
        pipelines.resolve(reference)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_impossible_hyperparameters_are_refused_by_name(name):
    with pytest.raises(ValueError, match="learning_rate cannot be -1"):
        pipelines.resolve(name).Config(learning_rate=-1)
