"""CartPole against Gymnasium's own CartPole-v1."""

import gymnasium
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tf_agents.trajectories import StepType

from tfrl.environments import CartPole, load

BATCH = 32


@pytest.fixture(scope="module")
def gym_env():
    return gymnasium.make("CartPole-v1").unwrapped


def gymnasium_step(env, state, action):
    """One step of Gymnasium's own dynamics from `state`: observation, reward, terminated."""
    env.reset()
    env.state = np.array(state, dtype=np.float64)
    observation, reward, terminated, _, _ = env.step(int(action))
    return observation, reward, terminated


def random_actions(rng, state):
    return rng.integers(0, 2, len(state))


def balancing_actions(rng, state):
    """Pushes under the falling pole, and now and then at random; holds for hundreds of steps."""
    push = state @ np.array([0.1, 0.3, 1.0, 0.4]) > 0
    return np.where(rng.random(len(state)) < 0.02, rng.integers(0, 2, len(state)), push)


def compiled(environment):
    return tf.function(environment.step, jit_compile=True)


def assert_step_agrees(gym_env, state, action, elapsed, time_step):
    for b in range(len(state)):
        observation, reward, terminated = gymnasium_step(gym_env, state[b], action[b])
        np.testing.assert_allclose(time_step.observation[b], observation, rtol=0, atol=1e-6)
        assert time_step.reward[b] == reward
        assert time_step.discount[b] == (0.0 if terminated else 1.0)
        ends = terminated or elapsed[b] + 1 == 500
        assert time_step.step_type[b] == (StepType.LAST if ends else StepType.MID)


@pytest.mark.parametrize(
    ("actions", "num_steps"), [(random_actions, 120), (balancing_actions, 120)]
)
def test_every_step_of_whole_episodes_agrees_with_gymnasium(gym_env, actions, num_steps):
    rng = np.random.default_rng(0)
    environment = CartPole(batch_size=BATCH, seed=1)
    step = compiled(environment)
    time_step = environment.current_time_step()
    elapsed, compared = np.zeros(BATCH, int), 0
    for _ in range(num_steps):
        state, started = environment.state.numpy(), ~time_step.is_last().numpy()
        action = actions(rng, state)
        time_step = step(tf.constant(action, tf.int64))
        where = np.flatnonzero(started)
        assert_step_agrees(
            gym_env,
            state[where],
            action[where],
            elapsed[where],
            tf.nest.map_structure(lambda x, w=where: x.numpy()[w], time_step),
        )
        elapsed = np.where(started, elapsed + 1, 0)
        compared += len(where)
    assert compared > 3000


def test_balanced_episodes_run_to_the_time_limit_as_in_gymnasium():
    environment = CartPole(batch_size=1, seed=3)
    step = compiled(environment)
    reference, rng = gymnasium.make("CartPole-v1"), np.random.default_rng(0)
    reference.reset()
    for _ in range(500):
        # A pole is unstable: rounding errors double every ten steps or so. Each step starts afresh.
        state = environment.state.numpy()
        reference.unwrapped.state = state[0]
        action = int(balancing_actions(rng, state)[0])
        time_step = step(tf.constant([action], tf.int64))
        observation, _, terminated, truncated, _ = reference.step(action)
        np.testing.assert_allclose(time_step.observation[0], observation, rtol=0, atol=1e-6)
        assert bool(time_step.is_last()[0]) == (terminated or truncated)
    assert truncated and not terminated
    assert time_step.discount[0] == 1.0


def test_free_running_from_the_same_start_agrees_for_at_least_50_steps():
    rng = np.random.default_rng(5)
    environment = CartPole(batch_size=20, seed=4)
    step = compiled(environment)
    references = [gymnasium.make("CartPole-v1") for _ in range(20)]
    for reference, state in zip(references, environment.state.numpy(), strict=True):
        reference.reset()
        reference.unwrapped.state = state
    for _ in range(60):
        action = balancing_actions(rng, environment.state.numpy())
        time_step = step(tf.constant(action, tf.int64))
        assert not np.any(time_step.is_last())
        for b, reference in enumerate(references):
            observation, _, terminated, truncated, _ = reference.step(int(action[b]))
            np.testing.assert_allclose(time_step.observation[b], observation, rtol=0, atol=1e-6)
            assert not terminated and not truncated


def test_limits_of_position_and_angle_agree_with_gymnasium(gym_env):
    x_limit, angle_limit = 2.4, 12 * 2 * np.pi / 360
    states = [
        [sign * (limit_x + off), velocity, sign * (limit_angle + off), 0.0]
        for sign in (-1, 1)
        for off in (-1e-3, -1e-12, 0.0, 1e-12, 1e-3)
        for velocity in (-0.01, 0.0, 0.01)
        for limit_x, limit_angle in ((x_limit, 0.0), (0.0, angle_limit), (x_limit, angle_limit))
    ]
    for action in (0, 1):
        environment = CartPole(batch_size=len(states))
        environment.set_state(tf.constant(states, tf.float64), environment.constants)
        actions = np.full(len(states), action)
        time_step = environment.step(tf.constant(actions, tf.int64))
        assert_step_agrees(gym_env, np.array(states), actions, np.zeros(len(states)), time_step)
        assert 0 < np.sum(time_step.is_last()) < len(states)


def test_time_limit_truncates_with_discount_1_unless_the_pole_falls_in_that_very_step():
    environment = CartPole(batch_size=2)
    upright, falling = [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.2, 3.0]
    constants = environment.constants
    environment.set_state(tf.constant([upright, falling], tf.float64), constants, elapsed=499)
    time_step = environment.step(tf.constant([0, 1], tf.int64))
    assert time_step.is_last().numpy().tolist() == [True, True]
    assert time_step.discount.numpy().tolist() == [1.0, 0.0]
    environment.set_state(tf.constant([upright, upright], tf.float64), constants, elapsed=498)
    assert not environment.step(tf.constant([0, 1], tf.int64)).is_last().numpy().any()


def test_step_after_the_last_resets_and_ignores_the_action():
    environment = CartPole(batch_size=2)
    outside = [3.0, 0.0, 0.0, 0.0]
    environment.set_state(tf.constant([outside, [0.0] * 4], tf.float64), environment.constants)
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
        assert scipy.stats.kstest(column, scipy.stats.uniform(-0.05, 0.1).cdf).pvalue > 1e-3
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
    environment, reference = load(environment_id), gymnasium.make(environment_id)
    assert tuple(environment.observation_spec().shape) == reference.observation_space.shape
    spec = environment.action_spec()
    assert (spec.minimum, spec.maximum) == (0, reference.action_space.n - 1)
    assert environment.time_limit == reference.spec.max_episode_steps


def test_an_unknown_id_is_refused_by_name():
    with pytest.raises(LookupError, match=r"'Pong-v5'.*CartPole-v1"):
        load("Pong-v5")
