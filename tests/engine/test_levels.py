"""Levels: random numbers that follow from a level's number alone, and what is trained on."""

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
    return randomness.of_levels(tf.constant(levels, tf.int64), count).numpy()


def in_turn(environment, resets=200):
    """The states and constants in which an environment's next episodes start."""
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
    """Steele, Lea and Flood's generator in plain Python."""
    mask, found = 2**64 - 1, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        found.append(z ^ (z >> 31))
    return found


def test_a_level_starts_the_generator_from_its_own_hash():
    for level in (1, 2, 12_345, FIRST_TEST_LEVEL, 2 * FIRST_TEST_LEVEL - 1):
        # The hash is the generator's output function, so undo the step that precedes it.
        start = splitmix64((level - 0x9E3779B97F4A7C15) % 2**64, 1)[0]
        expected = [(x >> 40) / 2**24 for x in splitmix64(start, 5)]
        np.testing.assert_array_equal(numbers([level], 5), [expected])


def test_numbers_of_levels_are_uniform_and_unrelated_between_neighbours():
    drawn = numbers(np.arange(20_000), 3)
    for column in drawn.T:
        assert scipy.stats.kstest(column, "uniform").pvalue > 1e-3
        assert abs(np.corrcoef(column[1:], column[:-1])[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn.T) - np.eye(3)).max() < 0.03


def test_a_level_is_the_same_in_any_company_and_compiled_or_not():
    together = numbers([5, 6, FIRST_TEST_LEVEL + 7])
    np.testing.assert_array_equal(together[1:2], numbers([6]))
    compiled = tf.function(randomness.of_levels, jit_compile=True)
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
def test_one_interval_or_a_single_value(union):
    u = np.array([0.0, 0.25, 0.5, 1 - 2**-24])
    (low, high), _ = union
    drawn = randomness.from_intervals(tf.constant(u), tf.constant([union] * 4, tf.float64))
    np.testing.assert_allclose(drawn, low + u * (high - low), rtol=1e-7)
    assert np.all((drawn >= low) & (drawn <= high))


def test_two_intervals_take_their_share():
    u = np.array([0.0, 0.2, 0.4, 0.5, 0.75, 1 - 2**-24])
    drawn = randomness.from_intervals(
        tf.constant(u), tf.constant([((1.0, 5.0), (15.0, 21.0))] * 6, tf.float64)
    )
    # Widths 4 and 6: the first four tenths of the numbers lie in the first interval.
    np.testing.assert_allclose(drawn, [1.0, 3.0, 15.0, 16.0, 18.5, 21.0], rtol=1e-6)


@pytest.mark.parametrize("levels", [1, 7])
def test_an_environment_meets_exactly_the_levels_it_is_restricted_to(levels):
    environment = CartPole(batch_size=4, seed=3)
    environment.set_level_config(LevelConfig("R", levels))
    met = np.unique(in_turn(environment), axis=0)
    reference = CartPole(batch_size=levels)
    intervals = variations.intervals("CartPole-v1", "R", np.arange(levels))
    reference.set_levels(tf.range(levels, dtype=tf.int64), tf.constant(intervals))
    expected = np.concatenate([reference.state, reference.constants], axis=-1)
    np.testing.assert_array_equal(met, np.unique(expected, axis=0))


def test_unrestricted_levels_are_not_met_twice_and_never_held_out(monkeypatch):
    asked = []
    of_levels = randomness.of_levels

    def listen(levels, count):
        asked.append(levels.numpy())
        return of_levels(levels, count)

    monkeypatch.setattr(randomness, "of_levels", listen)
    for seed in range(20):
        in_turn(CartPole(batch_size=8, seed=seed), resets=5)
    asked = np.concatenate(asked)
    assert len(np.unique(asked)) == len(asked) == 20 * 6 * 8
    assert asked.min() >= 0 and asked.max() < FIRST_TEST_LEVEL
    assert asked.max() > 0.9 * FIRST_TEST_LEVEL


@pytest.mark.parametrize("levels", [3, 100, 10_000, None])
def test_evaluation_levels_are_never_those_of_training(levels):
    trained = LevelConfig("D", levels, test=("R", "E"))
    for seed in range(5):
        for index in range(5):
            plan = evaluation.plan("CartPole-v1", trained, 50, seed, index)
            in_training = plan.split == "training"
            assert np.all(plan.level[in_training] < trained.num_levels)
            assert np.all(plan.level[in_training] >= 0)
            assert np.all(plan.level[~in_training] >= FIRST_TEST_LEVEL)
            assert np.all(plan.level[~in_training] < 2 * FIRST_TEST_LEVEL)


def test_an_evaluation_meets_the_same_levels_whatever_the_training_and_covers_few_evenly():
    few = evaluation.plan("CartPole-v1", LevelConfig("D", 20, ("E",)), 100, seed=4, index=2)
    all_levels = evaluation.plan("CartPole-v1", LevelConfig("R", None, ("D",)), 100, 4, 2)
    held_out = [p.level[p.split == "held-out"] for p in (few, all_levels)]
    np.testing.assert_array_equal(*held_out)
    np.testing.assert_array_equal(few.level[few.split == "shifted"], held_out[0])
    assert np.bincount(few.level[few.split == "training"]).tolist() == [5] * 20
    other = evaluation.plan("CartPole-v1", LevelConfig("D", 20), 100, seed=4, index=3)
    assert not np.isin(other.level[other.split == "held-out"], held_out[0]).any()


def test_the_grid_goes_through_every_pair_of_values_once():
    trained = LevelConfig("D", None, test=("grid",))
    plan = evaluation.plan("CartPole-v0", trained, 100, seed=0, index=5)
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
        ("CartPole-v1", LevelConfig("R", None, ("R",)), "other than 'R', the one trained on"),
        ("CartPole-v1", LevelConfig("R", None, ("E", "E")), "each once"),
        ("CartPole-v1", LevelConfig("grid"), "one to train on"),
        ("CartPole-v1", LevelConfig("D", 0), "levels is 0: expected from 1 to 1,073,741,824"),
        ("CartPole-v1", LevelConfig("D", FIRST_TEST_LEVEL + 1), "expected from 1 to"),
    ],
)
def test_impossible_conditions_are_refused(environment_id, chosen, message):
    with pytest.raises(LookupError, match=message):
        variations.check(environment_id, chosen)
