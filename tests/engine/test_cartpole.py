"""CartPole against Gymnasium's own CartPole-v1."""

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import StepType

from tests.engine.gymnasium_reference import (
    Reference,
    assert_every_step_agrees,
    assert_free_running_agrees,
    assert_specs_agree,
    assert_step_agrees,
    assert_uniform,
    balancing_actions,
    random_actions,
)
from tfrl.environments import CartPole, load

ID = "CartPole-v1"
PHYSICS = [10.0, 0.5, 0.1]  # force, length, mass


def test_every_step_of_whole_episodes_agrees_with_gymnasium_whether_the_pole_falls_or_not():
    random = assert_every_step_agrees(CartPole(batch_size=32), ID, random_actions(2), 120)
    assert random.steps > 3000 and random.terminated > 100
    balanced = assert_every_step_agrees(CartPole(batch_size=8), ID, balancing_actions, 510)
    assert balanced.truncated > 0


def test_free_running_from_the_same_start_agrees_for_at_least_50_steps():
    # A pole is unstable: rounding errors double every ten steps or so.
    assert_free_running_agrees(CartPole(batch_size=20, seed=4), ID, balancing_actions, 60)


def test_limits_of_position_and_angle_agree_with_gymnasium():
    x_limit, angle_limit = 2.4, 12 * 2 * np.pi / 360
    states = [
        [sign * (limit_x + off), velocity, sign * (limit_angle + off), 0.0]
        for sign in (-1, 1)
        for off in (-1e-3, -1e-12, 0.0, 1e-12, 1e-3)
        for velocity in (-0.01, 0.0, 0.01)
        for limit_x, limit_angle in ((x_limit, 0.0), (0.0, angle_limit), (x_limit, angle_limit))
    ]
    environment = CartPole(batch_size=len(states))
    for action in (0, 1):
        environment.set_state(tf.constant(states, tf.float64), PHYSICS)
        actions = np.full(len(states), action)
        time_step = environment.step(tf.constant(actions, tf.int64))
        expected = Reference(ID).step(states, [PHYSICS] * len(states), actions)
        assert_step_agrees(environment, expected)
        assert 0 < np.sum(time_step.is_last()) < len(states)


def test_time_limit_truncates_with_discount_1_unless_the_pole_falls_in_that_very_step():
    environment = CartPole(batch_size=2)
    upright, falling = [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.2, 3.0]
    environment.set_state(tf.constant([upright, falling], tf.float64), PHYSICS, elapsed=499)
    time_step = environment.step(tf.constant([0, 1], tf.int64))
    assert time_step.is_last().numpy().tolist() == [True, True]
    assert time_step.discount.numpy().tolist() == [1.0, 0.0]
    environment.set_state(tf.constant([upright, upright], tf.float64), PHYSICS, elapsed=498)
    assert not environment.step(tf.constant([0, 1], tf.int64)).is_last().numpy().any()


def test_step_after_the_last_resets_and_ignores_the_action():
    environment = CartPole(batch_size=2)
    outside = [3.0, 0.0, 0.0, 0.0]
    environment.set_state(tf.constant([outside, [0.0] * 4], tf.float64), PHYSICS)
    assert environment.step(tf.constant([0, 0], tf.int64)).is_last().numpy().tolist() == [
        True,
        False,
    ]
    time_step = environment.step(tf.constant([1, 1], tf.int64))
    assert time_step.step_type.numpy().tolist() == [StepType.FIRST, StepType.MID]
    assert time_step.reward.numpy().tolist() == [0.0, 1.0]
    assert time_step.discount.numpy().tolist() == [1.0, 1.0]
    assert np.abs(time_step.observation[0]).max() <= 0.05


def test_initial_states_are_uniform_as_gymnasium_has_them_and_follow_the_seed():
    states = CartPole(batch_size=2000, seed=7).state.numpy()
    for column in states.T:
        assert_uniform(column, -0.05, 0.05)
    assert len(np.unique(states, axis=0)) == 2000
    np.testing.assert_array_equal(states, CartPole(batch_size=2000, seed=7).state.numpy())
    both = np.concatenate([states, CartPole(batch_size=2000, seed=8).state])
    assert len(np.unique(both, axis=0)) == 4000


def test_reseeding_starts_the_same_sequence_of_episodes_again():
    environment = CartPole(batch_size=3, seed=2)
    first = [environment.reset().observation.numpy() for _ in range(3)]
    environment.reseed(2)
    again = [environment.reset().observation.numpy() for _ in range(3)]
    np.testing.assert_array_equal(first, again)


@pytest.mark.filterwarnings("ignore:.*out of date:DeprecationWarning")
@pytest.mark.parametrize("environment_id", ["CartPole-v0", "CartPole-v1"])
def test_specs_agree_with_gymnasium(environment_id):
    assert_specs_agree(load(environment_id), environment_id)


def test_an_unknown_id_is_refused_by_name():
    with pytest.raises(LookupError, match=r"'Pong-v5'.*CartPole-v1"):
        load("Pong-v5")
