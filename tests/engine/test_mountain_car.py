"""MountainCar against Gymnasium's own MountainCar-v0."""

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
from tfrl.environments import MountainCar

ID = "MountainCar-v0"
PHYSICS = [0.001, 0.0025]  # force, mass


def test_every_step_of_whole_episodes_agrees_with_gymnasium_whether_they_reach_the_goal_or_not():
    random = assert_every_step_agrees(MountainCar(batch_size=8), ID, random_actions(3), 450)
    assert random.truncated == 16 and random.terminated == 0
    swinging = assert_every_step_agrees(MountainCar(batch_size=8), ID, swinging_actions, 450)
    assert swinging.terminated >= 16 and swinging.truncated == 0


@pytest.mark.parametrize("actions", [random_actions(3), swinging_actions])
def test_free_running_from_the_same_start_agrees_for_whole_episodes(actions):
    assert_free_running_agrees(MountainCar(batch_size=8, seed=4), ID, actions, 201)


def test_wall_speed_limit_and_goal_agree_with_gymnasium():
    states = [
        [position + off, velocity]
        for position in (-1.2, 0.5, 0.6)
        for off in (-0.07, -1e-3, -1e-12, 0.0)
        for velocity in (-0.07, -1e-3, -1e-12, 0.0, 1e-12, 1e-3, 0.0699999, 0.07)
    ]
    environment = MountainCar(batch_size=len(states))
    for action in (0, 1, 2):
        environment.set_state(tf.constant(states, tf.float64), PHYSICS)
        actions = np.full(len(states), action)
        time_step = environment.step(tf.constant(actions, tf.int64))
        expected = Reference(ID).step(states, [PHYSICS] * len(states), actions)
        assert_step_agrees(environment, expected)
        assert 0 < np.sum(time_step.is_last()) < len(states)
        assert (environment.state.numpy() == [-1.2, 0.0]).all(axis=1).any()  # stopped by the wall


def test_time_limit_truncates_with_discount_1_unless_the_goal_is_reached_in_that_very_step():
    environment = MountainCar(batch_size=2)
    valley, arriving = [-0.5, 0.0], [0.45, 0.07]
    environment.set_state(tf.constant([valley, arriving], tf.float64), PHYSICS, elapsed=199)
    time_step = environment.step(tf.constant([2, 2], tf.int64))
    assert time_step.is_last().numpy().tolist() == [True, True]
    assert time_step.discount.numpy().tolist() == [1.0, 0.0]
    assert time_step.reward.numpy().tolist() == [-1.0, -1.0]
    environment.set_state(tf.constant([valley, valley], tf.float64), PHYSICS, elapsed=198)
    assert not environment.step(tf.constant([2, 2], tf.int64)).is_last().numpy().any()


def test_episodes_start_at_rest_in_positions_uniform_as_gymnasium_has_them():
    position, velocity = MountainCar(batch_size=2000, seed=7).state.numpy().T
    assert_uniform(position, -0.6, -0.4)
    assert len(np.unique(position)) == 2000
    assert not velocity.any()


def test_specs_agree_with_gymnasium():
    assert_specs_agree(MountainCar(), ID)
