"""Physical constants drawn for each episode: D, R and E of Packer et al. (2018)."""

import itertools

import gymnasium
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tests.engine import plain_physics
from tests.engine.gymnasium_reference import (
    assert_every_step_agrees,
    assert_uniform,
    balancing_actions,
    compiled,
    random_actions,
    swinging_actions,
)
from tfrl import variations
from tfrl.environments import load
from tfrl.variations import FIRST_TEST_LEVEL, LevelConfig

# Table 1 of https://arxiv.org/abs/1810.12282: D, the bounds of R, the outer bounds of E.
PUBLISHED = {
    "CartPole-v0": [(10, 5, 15, 1, 20), (0.5, 0.25, 0.75, 0.05, 1), (0.1, 0.05, 0.5, 0.01, 1)],
    "MountainCar-v0": [(0.001, 0.0005, 0.005, 0.0001, 0.01), (0.0025, 0.001, 0.005, 0.0005, 0.01)],
    "Acrobot-v1": [(1, 0.75, 1.25, 0.5, 1.5)] * 3,
}
SKILLED = {
    "CartPole-v0": balancing_actions,
    "MountainCar-v0": swinging_actions,
    "Acrobot-v1": swinging_actions,
}
PLAIN = {
    "CartPole-v0": plain_physics.cartpole,
    "MountainCar-v0": plain_physics.mountain_car,
    "Acrobot-v1": plain_physics.acrobot,
}
each_environment = pytest.mark.parametrize("environment_id", PUBLISHED)
pytestmark = pytest.mark.filterwarnings("ignore:.*out of date:DeprecationWarning")


def make(environment_id, variation, batch_size, seed=0):
    """Creates an environment whose episodes have that variation."""
    environment = load(environment_id, batch_size=batch_size, seed=seed)
    environment.set_level_config(LevelConfig(variation))
    environment.reset()
    return environment


def num_actions(environment_id):
    return int(load(environment_id).action_spec().maximum) + 1


@each_environment
def test_d_has_gymnasiums_constants(environment_id):
    constants = make(environment_id, "D", 1000).constants.numpy()
    expected = [default for default, *_ in PUBLISHED[environment_id]]
    np.testing.assert_array_equal(constants, np.tile(expected, (1000, 1)))


@each_environment
def test_r_is_uniform_on_its_ranges(environment_id):
    constants = make(environment_id, "R", 5000).constants.numpy()
    for column, (_, low, high, _, _) in zip(constants.T, PUBLISHED[environment_id], strict=True):
        assert_uniform(column, low, high)


@each_environment
def test_e_is_uniform_on_the_union_of_its_ranges(environment_id):
    constants = make(environment_id, "E", 5000).constants.numpy()
    for column, ends in zip(constants.T, PUBLISHED[environment_id], strict=True):
        _, inner_low, inner_high, low, high = ends
        below = column < (inner_low + inner_high) / 2
        assert_uniform(column[below], low, inner_low)
        assert_uniform(column[~below], inner_high, high)
        share = (inner_low - low) / (inner_low - low + high - inner_high)
        assert scipy.stats.binomtest(int(below.sum()), 5000, share).pvalue > 1e-3


@pytest.mark.parametrize("variation", ["R", "E"])
@each_environment
def test_constants_are_independent_of_each_other_and_of_the_start(environment_id, variation):
    environment = make(environment_id, variation, 5000)
    drawn = np.concatenate([environment.constants, environment.state], axis=-1)
    ranks = [scipy.stats.rankdata(column) for column in drawn.T if np.ptp(column) > 0]
    for first, second in itertools.combinations(ranks, 2):
        table, _, _ = np.histogram2d(first, second, bins=5)
        assert scipy.stats.chi2_contingency(table).pvalue > 1e-4


@pytest.mark.parametrize("variation", ["R", pytest.param("E", marks=pytest.mark.slow)])
@each_environment
def test_every_step_agrees_with_gymnasium_with_the_same_constants(environment_id, variation):
    environment, terminated = make(environment_id, variation, 32, seed=5), 0
    for actions in (random_actions(num_actions(environment_id)), SKILLED[environment_id]):
        seen = assert_every_step_agrees(environment, environment_id, actions, 120)
        assert seen.steps > 3000
        terminated += seen.terminated
    assert terminated > 0


@each_environment
def test_constants_hold_for_an_episode_and_change_at_the_reset(environment_id):
    environment = make(environment_id, "E", 16)
    step, rng = compiled(environment), np.random.default_rng(0)
    actions, resets = random_actions(num_actions(environment_id)), 0
    environment.set_state(environment.state, environment.constants, environment.time_limit - 5)
    time_step = environment.current_time_step()
    for _ in range(30):
        starts, before = time_step.is_last().numpy(), environment.constants.numpy()
        time_step = step(tf.constant(actions(rng, environment.state), tf.int64))
        after = environment.constants.numpy()
        np.testing.assert_array_equal(after[~starts], before[~starts])
        assert np.all(after[starts] != before[starts])
        resets += np.sum(starts)
    assert resets >= 16


@each_environment
def test_a_level_has_the_same_initial_state_in_every_variation(environment_id):
    levels = np.concatenate([np.arange(50), np.arange(FIRST_TEST_LEVEL, FIRST_TEST_LEVEL + 50)])
    environment, states, constants = load(environment_id, batch_size=100), {}, {}
    for variation in variations.names(environment_id):
        intervals = variations.intervals(environment_id, variation, levels)
        environment.set_levels(tf.constant(levels), tf.constant(intervals))
        states[variation] = environment.state.numpy()
        constants[variation] = environment.constants.numpy()
    for variation in ("R", "E"):
        np.testing.assert_array_equal(states[variation], states["D"])
        assert np.all(constants[variation] != constants["D"])
    assert len(np.unique(states["D"], axis=0)) == 100


@pytest.mark.parametrize(
    "compile",
    [pytest.param(False, id="eager", marks=pytest.mark.slow), pytest.param(True, id="compiled")],
)
@each_environment
def test_d_equals_the_plain_environment_bit_for_bit_over_whole_episodes(environment_id, compile):
    environment, plain = make(environment_id, "D", 4), PLAIN[environment_id]
    step, constants = environment.step, ()
    if compile:
        # A compiler rounds differently with literal constants (it multiplies by 1 / c instead of
        # dividing by c), so the plain environment gets its constants as inputs.
        step, plain = compiled(environment), tf.function(plain, jit_compile=True)
        constants = [tf.fill([4], tf.constant(d[0], tf.float64)) for d in PUBLISHED[environment_id]]
    rng, ended = np.random.default_rng(0), np.zeros(4, int)
    plain_state, time_step = environment.state, environment.current_time_step()
    for _ in range(environment.time_limit + 1):
        starts = time_step.is_last()
        action = tf.constant(SKILLED[environment_id](rng, plain_state.numpy()), tf.int64)
        time_step, plain_state = step(action), plain(plain_state, action, *constants)
        plain_state = tf.where(starts[:, None], environment.state, plain_state)
        np.testing.assert_array_equal(environment.state, plain_state)
        ended += time_step.is_last().numpy()
        if ended.all():
            break
    assert ended.all()


def test_cartpoles_total_mass_and_pole_moment_depend_on_the_constants():
    """Gymnasium agrees only if its two derived attributes are updated as well."""
    state, constants = [0.01, 0.2, 0.05, -0.3], [8.0, 0.9, 0.6]  # force, length, mass
    environment = load("CartPole-v0")
    environment.set_state(tf.constant([state], tf.float64), constants)
    environment.step(tf.constant([1], tf.int64))
    stale = gymnasium.make("CartPole-v0").unwrapped
    stale.force_mag, stale.length, stale.masspole = constants
    for attribute, value in {"total_mass": 1.0 + 0.6, "polemass_length": 0.6 * 0.9}.items():
        stale.state = np.array(state)
        stale.step(1)
        assert np.abs(environment.state[0] - stale.state).max() > 1e-4
        setattr(stale, attribute, value)
    stale.state = np.array(state)
    stale.step(1)
    np.testing.assert_allclose(environment.state[0], stale.state, rtol=1e-12)
