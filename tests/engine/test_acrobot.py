"""Acrobot against Gymnasium's own Acrobot-v1."""

import math

import gymnasium
import numpy as np
import pytest
import tensorflow as tf

from tests.engine.gymnasium_reference import (
    Reference,
    assert_every_step_agrees,
    assert_free_running_agrees,
    assert_specs_agree,
    assert_step_agrees,
    assert_uniform,
    random_actions,
    swinging_actions,
)
from tfrl.environments import Acrobot

ID = "Acrobot-v1"
PHYSICS = [1.0, 1.0, 1.0]  # length, mass, moment of inertia


def test_every_step_of_whole_episodes_agrees_with_gymnasium_whether_they_reach_the_goal_or_not():
    random = assert_every_step_agrees(Acrobot(batch_size=4), ID, random_actions(3), 510)
    assert random.truncated > 0
    swinging = assert_every_step_agrees(Acrobot(batch_size=8), ID, swinging_actions, 300)
    assert swinging.terminated >= 8 and swinging.truncated == 0


@pytest.mark.parametrize("actions", [random_actions(3), swinging_actions])
def test_free_running_from_the_same_start_agrees_for_at_least_100_steps(actions):
    # Rounding errors grow with every swing.
    assert_free_running_agrees(Acrobot(batch_size=8, seed=4), ID, actions, 100)


def test_whole_turns_speed_limits_and_height_of_the_goal_agree_with_gymnasium():
    rng = np.random.default_rng(0)
    limits = np.array([math.pi, math.pi, 4 * math.pi, 9 * math.pi])
    states = rng.choice([-1.0, -0.999, -0.5, 0.0, 0.3, 0.999, 1.0], (400, 4)) * limits
    environment = Acrobot(batch_size=len(states))
    environment.set_state(tf.constant(states, tf.float64), PHYSICS)
    actions = rng.integers(0, 3, len(states))
    time_step = environment.step(tf.constant(actions, tf.int64))
    expected = Reference(ID).step(states, [PHYSICS] * len(states), actions)
    assert_step_agrees(environment, expected)
    after = environment.state.numpy()
    assert (np.abs(after) <= limits).all()
    assert (after[:, 2:] == limits[2:]).any(axis=0).all()
    assert (after[:, 2:] == -limits[2:]).any(axis=0).all()
    assert 0 < np.sum(time_step.is_last()) < len(states)


def test_the_step_that_reaches_the_goal_costs_nothing_and_the_time_limit_has_discount_1():
    environment = Acrobot(batch_size=2)
    hanging, upright = [0.0, 0.0, 0.0, 0.0], [math.pi, 0.0, 0.0, 0.0]
    environment.set_state(tf.constant([hanging, upright], tf.float64), PHYSICS, elapsed=499)
    time_step = environment.step(tf.constant([1, 1], tf.int64))
    assert time_step.is_last().numpy().tolist() == [True, True]
    assert time_step.discount.numpy().tolist() == [1.0, 0.0]
    assert time_step.reward.numpy().tolist() == [-1.0, 0.0]
    environment.set_state(tf.constant([hanging, hanging], tf.float64), PHYSICS, elapsed=498)
    assert not environment.step(tf.constant([1, 1], tf.int64)).is_last().numpy().any()


def test_initial_states_are_uniform_and_rounded_as_gymnasium_has_them():
    states = Acrobot(batch_size=2000, seed=7).state.numpy()
    for column in states.T:
        assert_uniform(column, -0.1, 0.1)
        assert len(np.unique(column)) > 1990
    np.testing.assert_array_equal(states, states.astype(np.float32))
    reference = gymnasium.make(ID)
    reference.reset(seed=0)
    assert reference.unwrapped.state.dtype == np.float32


def test_specs_agree_with_gymnasium():
    assert_specs_agree(Acrobot(), ID)
