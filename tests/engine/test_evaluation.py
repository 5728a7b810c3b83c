"""Evaluation on training, held-out and shifted levels by one trainer."""

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tests.engine.one_run import digest
from tfrl import training
from tfrl.environments import load
from tfrl.pipelines.ppo import PpoConfig, PpoPipeline
from tfrl.training import evaluation
from tfrl.variations import FIRST_TEST_LEVEL, POLICIES, LevelConfig

EPISODES = 20
TESTED = ("R", "E")


def make_trainer(num_shifted=2):
    config = PpoConfig(num_epochs=5)
    return training.Trainer(PpoPipeline, config, "CartPole-v0", 2_000, 1_000, EPISODES, num_shifted)


@pytest.fixture(scope="module")
def trainer():
    return make_trainer()


@pytest.fixture(scope="module")
def table(trainer):
    result = trainer.run(3, LevelConfig("D", 5, TESTED))
    return pd.DataFrame(result.evaluations)


def test_every_split_is_evaluated_with_both_policies_at_each_scheduled_step(table):
    keys = ["step", "split", "variation", "policy"]
    counts = table.groupby(keys).size()
    assert set(counts) == {EPISODES}
    splits = {(split, variation) for _, split, variation, _ in counts.index}
    assert splits == {
        ("training", "D"), ("held-out", "D"), ("shifted", "R"), ("shifted", "E")
    }  # fmt: skip
    assert len(counts) == 3 * 4 * 2
    for _, rows in table.groupby(keys):
        assert rows["episode"].tolist() == list(range(EPISODES))
    in_training = table["split"] == "training"
    assert set(table.loc[in_training, "level"]) == set(range(5))
    assert table.loc[~in_training, "level"].min() >= FIRST_TEST_LEVEL


def test_greedy_returns_equal_those_of_a_plain_loop(trainer):
    level_config = LevelConfig("D", 5, TESTED)
    result = trainer.run(3, level_config)
    table = pd.DataFrame(result.evaluations)
    last = table[(table["step"] == 2_000) & (table["policy"] == "greedy")]
    plan = evaluation.plan("CartPole-v0", level_config, EPISODES, seed=3, index=2)
    np.testing.assert_array_equal(last["level"], plan.level)
    environment = load("CartPole-v0", batch_size=len(plan.level))
    environment.set_levels(tf.constant(plan.level), tf.constant(plan.intervals))
    returns, over = np.zeros(len(plan.level)), np.zeros(len(plan.level), bool)
    policy = trainer._pipeline.policy
    while not over.all():
        time_step = environment.step(policy.action(environment.current_time_step()).action)
        returns += np.where(over, 0, time_step.reward)
        over |= time_step.is_last().numpy()
    np.testing.assert_array_equal(last["return"], returns)


def test_stochastic_policy_explores_and_its_draws_follow_the_seed(trainer, table):
    first = table[table["step"] == 0]
    greedy, stochastic = (first[first["policy"] == p]["return"].to_numpy() for p in POLICIES)
    assert not np.array_equal(greedy, stochastic)
    # Before training, a sampled policy is close to a random one, whose mean return is 22.
    assert 15 < stochastic[:EPISODES].mean() < 30
    same_seed = pd.DataFrame(trainer.run(3, LevelConfig("D", 5, TESTED)).evaluations)
    pd.testing.assert_frame_equal(table, same_seed)
    other_seed = pd.DataFrame(trainer.run(4, LevelConfig("D", 5, TESTED)).evaluations)
    assert not np.array_equal(table["return"], other_seed["return"])


@pytest.mark.slow
def test_run_does_not_depend_on_levels_of_earlier_runs(trainer):
    for earlier in (LevelConfig("R", None, ("D", "E")), LevelConfig("E", 1, ("R", "D"))):
        trainer.run(1, earlier)
    level_config = LevelConfig("R", 7, ("D", "grid"))
    assert digest(trainer.run(1, level_config)) == digest(make_trainer().run(1, level_config))


def test_level_config_decides_the_levels_trained_on(trainer):
    results = [
        trainer.run(1, level_config)
        for level_config in (
            LevelConfig("D", None, TESTED),
            LevelConfig("D", 1, TESTED),
            LevelConfig("R", None, ("D", "E")),
        )
    ]
    assert len({result.weights_sha256 for result in results}) == 3
    # With a single level, the first episodes of all environments start in the same state.
    single = PpoPipeline(lambda size: load("CartPole-v0", batch_size=size), PpoConfig(), 1_000)
    single.environment.set_level_config(LevelConfig("D", 1))
    single.initialize(1)
    states = single.environment.state.numpy()
    assert np.all(states == states[0])


@pytest.mark.slow
def test_shifted_variations_do_not_change_training():
    plain, shifted = make_trainer(num_shifted=0), make_trainer()
    results = plain.run(1), shifted.run(1, LevelConfig(test=TESTED))
    assert results[0].weights_sha256 == results[1].weights_sha256
    np.testing.assert_array_equal(*(result.episodes["return"] for result in results))


@pytest.mark.parametrize(
    ("level_config", "error", "message"),
    [
        (LevelConfig("X", None, TESTED), LookupError, "no variation 'X'"),
        (LevelConfig("D", 2**31, TESTED), LookupError, "levels is 2147483648: expected from 1"),
        (LevelConfig("D", None, ("R",)), ValueError, r"test is \['R'\]: expected 2 variations"),
    ],
)
def test_invalid_level_config_raises_before_training(trainer, level_config, error, message):
    with pytest.raises(error, match=message):
        trainer.run(1, level_config)


def test_compiled_steps_start_episodes_in_training_levels_only():
    environment = load("CartPole-v0", batch_size=4)
    environment.set_level_config(LevelConfig("R", 3))
    environment.reseed(0)
    step = tf.function(environment.step, jit_compile=True)
    starts = []
    for _ in range(200):
        time_step = environment.current_time_step()
        starts.append(environment.constants.numpy()[time_step.is_first().numpy()])
        step(tf.zeros([4], tf.int64))
    starts = np.concatenate(starts)
    assert len(starts) > 20 and len(np.unique(starts, axis=0)) == 3
