"""Compares collectors and the episode log with TF-Agents' drivers and metrics."""

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.drivers import dynamic_step_driver
from tf_agents.metrics import tf_metrics
from tf_agents.policies import actor_policy
from tf_agents.trajectories import StepType

from tfrl.components.collection import EpisodeCollector, RolloutCollector, StepCollector
from tfrl.components.logs import EpisodeLog
from tfrl.components.policies import CategoricalPolicy
from tfrl.components.randomness import RandomStream, Stream
from tfrl.environments import CartPole
from tfrl.training.graph_loop import play

BATCH, STEPS = 4, 60


@pytest.fixture
def make(make_networks):
    """Returns a function that creates an environment and a policy, both in their initial state."""

    def pair(batch_size=BATCH):
        environment = CartPole(batch_size=batch_size, seed=11)
        actor, _ = make_networks(seed=2)
        policy = actor_policy.ActorPolicy(
            environment.time_step_spec(), environment.action_spec(), actor
        )
        return environment, CategoricalPolicy(policy, RandomStream(Stream.POLICY, 11))

    return pair


def loop_frames(environment, policy, num_steps):
    """Returns time steps and actions of a plain Python loop."""
    time_step, frames = environment.current_time_step(), []
    for _ in range(num_steps):
        action = policy.action(time_step).action
        next_time_step = environment.step(action)
        frames.append((time_step, action, next_time_step))
        time_step = next_time_step
    return frames


@pytest.mark.slow
def test_rollouts_equal_those_of_a_plain_loop(make):
    expected = loop_frames(*make(), STEPS)
    environment, policy = make()
    collector = RolloutCollector(environment, policy, STEPS // 2)
    collect = tf.function(collector.collect, jit_compile=True)
    halves = [collect(), collect()]
    for half, begin in zip(halves, (0, STEPS // 2), strict=True):
        assert half.reward.shape == [BATCH, STEPS // 2 + 1]
        for t in range(STEPS // 2):
            time_step, action, next_time_step = expected[begin + t]
            np.testing.assert_array_equal(half.step_type[:, t], time_step.step_type)
            np.testing.assert_allclose(half.observation[:, t], time_step.observation, atol=1e-5)
            np.testing.assert_array_equal(half.action[:, t], action)
            np.testing.assert_array_equal(half.reward[:, t], next_time_step.reward)
            np.testing.assert_array_equal(half.discount[:, t], next_time_step.discount)
            np.testing.assert_array_equal(half.next_step_type[:, t], next_time_step.step_type)
    np.testing.assert_array_equal(halves[0].observation[:, -1], halves[1].observation[:, 0])
    np.testing.assert_array_equal(halves[0].step_type[:, -1], halves[1].step_type[:, 0])
    assert np.sum(halves[0].is_last()) > 0


def test_step_collector_equals_the_step_driver(make):
    environment, policy = make()
    driver_environment, driver_policy = make()
    expected = []
    driver = dynamic_step_driver.DynamicStepDriver(
        driver_environment, driver_policy, observers=[expected.append], num_steps=BATCH
    )
    with_tf_functions_run_eagerly(lambda: [driver.run() for _ in range(5)])
    seen = []
    collector = StepCollector(environment, policy, [seen.append])
    for _ in range(5):
        collector.collect()
    for ours, theirs in zip(seen, expected, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, ours, theirs)


def with_tf_functions_run_eagerly(call):
    tf.config.run_functions_eagerly(True)
    try:
        return call()
    finally:
        tf.config.run_functions_eagerly(False)


def test_episodes_are_complete_and_padded_with_boundaries(make):
    environment, policy = make()
    environment.step(tf.zeros([BATCH], tf.int64))
    episodes = EpisodeCollector(environment, policy, max_frames=500).collect()
    for b in range(BATCH):
        length = int(np.argmax(episodes.is_last()[b])) + 1
        assert episodes.step_type[b, 0] == StepType.FIRST
        assert np.all(episodes.step_type[b, 1:length] == StepType.MID)
        assert np.all(episodes.reward[b, :length] == 1.0)
        assert np.all(episodes.is_boundary()[b, length:])
        assert not np.any(episodes.is_last()[b, length:])
        assert np.all(episodes.reward[b, length:] == 0.0)
    assert len({int(np.argmax(row)) for row in episodes.is_last()}) > 1


def test_episode_log_agrees_with_tf_agents_metrics(make):
    environment, policy = make()
    log = EpisodeLog(BATCH, capacity=100)
    steps = tf_metrics.EnvironmentSteps()
    count = tf_metrics.NumberOfEpisodes()
    returns = tf_metrics.AverageReturnMetric(batch_size=BATCH, buffer_size=100)
    lengths = tf_metrics.AverageEpisodeLengthMetric(batch_size=BATCH, buffer_size=100)
    observers = [log.observe, steps, count, returns, lengths]
    collector = StepCollector(environment, policy, observers)
    for _ in range(STEPS):
        collector.collect()
    taken = log.take()
    assert log.environment_steps == steps.result()
    assert len(taken["return"]) == count.result() > BATCH
    np.testing.assert_allclose(taken["return"].mean(), returns.result(), rtol=1e-6)
    np.testing.assert_allclose(taken["length"].mean(), lengths.result(), rtol=1e-6)


def test_episode_log_has_the_step_at_which_each_episode_ended(make):
    log, expected, step = EpisodeLog(BATCH, capacity=100), [], 0
    running = np.zeros(BATCH, int)
    environment, policy = make()
    collector = StepCollector(environment, policy, [log.observe])
    collect = tf.function(collector.collect, jit_compile=True)
    for _ in range(STEPS):
        frame = collect()
        for b in range(BATCH):
            if frame.is_boundary()[b]:
                continue
            step, running[b] = step + 1, running[b] + 1
            if frame.is_last()[b]:
                expected.append((step, running[b]))
                running[b] = 0
    taken = log.take()
    assert list(zip(taken["step"], taken["length"], strict=True)) == expected
    assert len(log.take()["step"]) == 0


def test_episode_log_overflow_is_an_error(make):
    environment, policy = make()
    log = EpisodeLog(BATCH, capacity=2)
    collector = StepCollector(environment, policy, [log.observe])
    for _ in range(STEPS):
        collector.collect()
    with pytest.raises(OverflowError, match="the log holds 2"):
        log.take()


def test_play_runs_one_episode_in_each_environment(make):
    environment, policy = make(batch_size=6)
    environment.reset()
    returns, lengths = play(environment, policy)
    expected = np.zeros(6)
    environment, policy = make(batch_size=6)
    environment.reset()
    time_step, over = environment.current_time_step(), np.zeros(6, bool)
    while not over.all():
        time_step = environment.step(policy.action(time_step).action)
        expected += np.where(over, 0, time_step.reward)
        over |= time_step.is_last().numpy()
    np.testing.assert_array_equal(returns, expected)
    np.testing.assert_array_equal(lengths, expected)
