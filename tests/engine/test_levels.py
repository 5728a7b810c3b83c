"""Levels: their random numbers, and the levels of training and evaluation."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfrl import variations
from tfrl.components import randomness
from tfrl.environments import CartPole, load
from tfrl.training import evaluation
from tfrl.variations import FIRST_TEST_LEVEL, LevelConfig


def numbers(levels, count=4):
    return randomness.level_uniforms(tf.constant(levels, tf.int64), count).numpy()


def initial_states(environment, resets=200):
    """Returns the states and constants in which an environment's next episodes start."""
    drawn = []
    for _ in range(resets):
        environment.reset()
        drawn.append(np.concatenate([environment.state, environment.constants], axis=-1))
    return np.concatenate(drawn)


def test_level_0_has_the_published_numbers_of_splitmix64():
    # The reference implementation's first outputs for seed 0, https://prng.di.unimi.it/splitmix64.c
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]
    expected = [(x >> 40) / 2**24 for x in published]
    np.testing.assert_array_equal(numbers([0]), [expected])


def splitmix64(state, count):
    """Returns the outputs of Steele, Lea and Flood's generator, in plain Python."""
    mask, outputs = 2**64 - 1, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        outputs.append(z ^ (z >> 31))
    return outputs


def test_a_level_seeds_the_generator_with_its_hash():
    for level in (1, 2, 12_345, FIRST_TEST_LEVEL, 2 * FIRST_TEST_LEVEL - 1):
        # The hash is the generator's output function, so undo the increment before it.
        start = splitmix64((level - 0x9E3779B97F4A7C15) % 2**64, 1)[0]
        expected = [(x >> 40) / 2**24 for x in splitmix64(start, 5)]
        np.testing.assert_array_equal(numbers([level], 5), [expected])


def test_numbers_are_uniform_and_uncorrelated_between_neighbouring_levels():
    drawn = numbers(np.arange(20_000), 3)
    for column in drawn.T:
        assert scipy.stats.kstest(column, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 0.03


def test_a_level_is_the_same_in_any_batch_and_compiled_or_not():
    together = numbers([5, 6, FIRST_TEST_LEVEL + 7])
    np.testing.assert_array_equal(together[1:2], numbers([6]))
    compiled = tf.function(randomness.level_uniforms, jit_compile=True)
    np.testing.assert_array_equal(together, compiled(tf.constant([5, 6, FIRST_TEST_LEVEL + 7]), 4))
    environment = load("Acrobot-v1", batch_size=3)
    intervals = tf.constant(variations.intervals("Acrobot-v1", "E", np.zeros(3)))
    levels = tf.constant([5, 6, FIRST_TEST_LEVEL + 7], tf.int64)
    environment.set_levels(levels, intervals)
    eager = environment.state.numpy(), environment.constants.numpy()
    tf.function(environment.set_levels, jit_compile=True)(levels, intervals)
    for before, now in zip(eager, (environment.state, environment.constants), strict=True):
        np.testing.assert_array_equal(before, now)


@pytest.mark.parametrize("union", [((2.0, 2.0), (2.0, 2.0)), ((1.0, 3.0), (3.0, 3.0))])
def test_scale_to_one_interval_or_a_single_value(union):
    u = np.array([0.0, 0.25, 0.5, 1 - 2**-24])
    (low, high), _ = union
    drawn = randomness.scale_to_intervals(tf.constant(u), tf.constant([union] * 4, tf.float64))
    np.testing.assert_allclose(drawn, low + u * (high - low), rtol=1e-7)
    assert np.all((drawn >= low) & (drawn <= high))


def test_scale_to_two_intervals_in_proportion_to_their_widths():
    u = np.array([0.0, 0.2, 0.4, 0.5, 0.75, 1 - 2**-24])
    drawn = randomness.scale_to_intervals(
        tf.constant(u), tf.constant([((1.0, 5.0), (15.0, 21.0))] * 6, tf.float64)
    )
    # Widths 4 and 6: the first four tenths of the numbers lie in the first interval.
    np.testing.assert_allclose(drawn, [1.0, 3.0, 15.0, 16.0, 18.5, 21.0], rtol=1e-6)


@pytest.mark.parametrize("levels", [1, 7])
def test_an_environment_draws_exactly_its_training_levels(levels):
    environment = CartPole(batch_size=4, seed=3)
    environment.set_level_config(LevelConfig("R", levels))
    met = np.unique(initial_states(environment), axis=0)
    reference = CartPole(batch_size=levels)
    intervals = variations.intervals("CartPole-v1", "R", np.arange(levels))
    reference.set_levels(tf.range(levels, dtype=tf.int64), tf.constant(intervals))
    expected = np.concatenate([reference.state, reference.constants], axis=-1)
    np.testing.assert_array_equal(met, np.unique(expected, axis=0))


def test_unrestricted_levels_are_unique_and_never_test_levels(monkeypatch):
    drawn = []
    level_uniforms = randomness.level_uniforms

    def record(levels, count):
        drawn.append(levels.numpy())
        return level_uniforms(levels, count)

    monkeypatch.setattr(randomness, "level_uniforms", record)
    for seed in range(20):
        initial_states(CartPole(batch_size=8, seed=seed), resets=5)
    drawn = np.concatenate(drawn)
    assert len(np.unique(drawn)) == len(drawn) == 20 * 6 * 8
    assert drawn.min() >= 0 and drawn.max() < FIRST_TEST_LEVEL
    assert drawn.max() > 0.9 * FIRST_TEST_LEVEL


@pytest.mark.parametrize("levels", [3, 100, 10_000, None])
def test_evaluation_levels_are_never_those_of_training(levels):
    level_config = LevelConfig("D", levels, test=("R", "E"))
    for seed in range(5):
        for index in range(5):
            plan = evaluation.plan("CartPole-v1", level_config, 50, seed, index)
            in_training = plan.split == "training"
            assert np.all(plan.level[in_training] < level_config.num_levels)
            assert np.all(plan.level[in_training] >= 0)
            assert np.all(plan.level[~in_training] >= FIRST_TEST_LEVEL)
            assert np.all(plan.level[~in_training] < 2 * FIRST_TEST_LEVEL)


def test_test_levels_do_not_depend_on_training_and_few_training_levels_are_covered_evenly():
    few = evaluation.plan("CartPole-v1", LevelConfig("D", 20, ("E",)), 100, seed=4, index=2)
    all_levels = evaluation.plan("CartPole-v1", LevelConfig("R", None, ("D",)), 100, 4, 2)
    held_out = [p.level[p.split == "held-out"] for p in (few, all_levels)]
    np.testing.assert_array_equal(*held_out)
    np.testing.assert_array_equal(few.level[few.split == "shifted"], held_out[0])
    assert np.bincount(few.level[few.split == "training"]).tolist() == [5] * 20
    other = evaluation.plan("CartPole-v1", LevelConfig("D", 20), 100, seed=4, index=3)
    assert not np.isin(other.level[other.split == "held-out"], held_out[0]).any()


def test_the_grid_contains_every_pair_of_values_once():
    level_config = LevelConfig("D", None, test=("grid",))
    plan = evaluation.plan("CartPole-v0", level_config, 100, seed=0, index=5)
    rows = plan.variation == "grid"
    grid = variations.grid("CartPole-v0")
    x, y = grid.cell(plan.level[rows])
    assert len({*zip(x, y, strict=True)}) == 100
    constants = plan.intervals[rows, :, 0, 0]  # force, length, mass
    np.testing.assert_array_equal(constants[:, 0], np.take(grid.x.values, x))
    np.testing.assert_array_equal(constants[:, 1], np.take(grid.y.values, y))
    assert np.all(constants[:, 2] == 0.1)
    assert np.all(plan.intervals[rows] == constants[:, :, None, None])


@pytest.mark.parametrize(
    ("environment_id", "chosen", "message"),
    [
        ("CartPole-v1", LevelConfig("X"), "no variation 'X': expected D, R, E, grid"),
        ("Maze-v0", LevelConfig(test=("E",)), "no variation 'E': expected D, perfect"),
        ("gymnasium:Taxi-v3", LevelConfig("R"), "no variation 'R': expected D$"),
        ("CartPole-v1", LevelConfig("R", None, ("R",)), "other than 'R', the training variation"),
        ("CartPole-v1", LevelConfig("R", None, ("E", "E")), "each once"),
        ("CartPole-v1", LevelConfig("grid"), "for testing only"),
        ("CartPole-v1", LevelConfig("D", 0), "levels is 0: expected from 1 to 1,073,741,824"),
        ("CartPole-v1", LevelConfig("D", FIRST_TEST_LEVEL + 1), "expected from 1 to"),
    ],
)
def test_invalid_level_configs_are_errors(environment_id, chosen, message):
    with pytest.raises(LookupError, match=message):
        variations.check(environment_id, chosen)
