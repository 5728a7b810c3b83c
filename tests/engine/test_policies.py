"""Collect policies: the distribution of their actions, and their schedules."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tf_agents.networks import actor_distribution_network, q_network
from tf_agents.policies import actor_policy, q_policy, tf_policy
from tf_agents.trajectories import time_step as ts

from tfrl.components.policies import CategoricalPolicy, EpsilonGreedyPolicy, linear_schedule
from tfrl.components.randomness import RandomStream, Stream
from tfrl.environments import CartPole

COUNT = 4000


@pytest.fixture(scope="module")
def environment():
    return CartPole()


@pytest.fixture(scope="module")
def greedy_on_0(environment):
    """Returns a Q policy whose best action is always 0."""
    network = q_network.QNetwork(environment.observation_spec(), environment.action_spec())
    network.create_variables()
    network.layers[-1].bias.assign([100.0, -100.0])
    return q_policy.QPolicy(environment.time_step_spec(), environment.action_spec(), network)


def many_time_steps(count=COUNT):
    return ts.restart(tf.zeros([count, 4]), count)


def share_of_1(policy):
    return float(np.mean(policy.action(many_time_steps()).action.numpy()))


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_epsilon_greedy_explores_with_probability_epsilon(greedy_on_0, epsilon):
    policy = EpsilonGreedyPolicy(greedy_on_0, epsilon, RandomStream(Stream.POLICY, 1))
    explored = round(share_of_1(policy) * COUNT)
    # Half of the random actions are the greedy one.
    assert scipy.stats.binomtest(explored, COUNT, epsilon / 2).pvalue > 1e-3


def test_epsilon_can_read_a_variable_in_a_compiled_function(greedy_on_0):
    step = tf.Variable(0, dtype=tf.int64)
    policy = EpsilonGreedyPolicy(
        greedy_on_0, linear_schedule(1.0, 0.0, 100, step), RandomStream(Stream.POLICY)
    )
    act = tf.function(lambda: policy.action(many_time_steps()).action, jit_compile=True)
    assert 0.4 < np.mean(act()) < 0.6
    step.assign(100)
    assert np.mean(act()) == 0.0


def test_linear_schedule_reaches_the_end_and_stays_there():
    step = tf.Variable(0, dtype=tf.int64)
    value = linear_schedule(1.0, 0.2, 100, step)
    seen = []
    for at in (0, 25, 50, 100, 1000):
        step.assign(at)
        seen.append(float(value()))
    np.testing.assert_allclose(seen, [1.0, 0.8, 0.6, 0.2, 0.2], rtol=1e-6)


class WithInfo(tf_policy.TFPolicy):
    """An actor policy that reports its logits."""

    def __init__(self, policy):
        super().__init__(
            policy.time_step_spec,
            policy.action_spec,
            info_spec={"logits": tf.TensorSpec([2], tf.float32)},
        )
        self._policy = policy

    def _distribution(self, time_step, policy_state):
        step = self._policy.distribution(time_step, policy_state)
        return step._replace(info={"logits": step.action.logits})

    def _variables(self):
        return self._policy.variables()


def test_categorical_policy_samples_the_distribution_and_keeps_the_info(environment):
    network = actor_distribution_network.ActorDistributionNetwork(
        environment.observation_spec(), environment.action_spec()
    )
    network.create_variables()
    wrapped = WithInfo(
        actor_policy.ActorPolicy(environment.time_step_spec(), environment.action_spec(), network)
    )
    policy = CategoricalPolicy(wrapped, RandomStream(Stream.POLICY))
    time_steps = ts.restart(tf.tile([[1.0, -2.0, 0.5, 3.0]], [COUNT, 1]), COUNT)
    step = policy.action(time_steps)
    logits = wrapped.distribution(time_steps).action.logits[0].numpy()
    np.testing.assert_allclose(step.info["logits"][0], logits, rtol=1e-6)
    p = np.exp(logits) / np.exp(logits).sum()
    assert scipy.stats.binomtest(int(np.sum(step.action)), COUNT, p[1]).pvalue > 1e-3
    assert step.action.dtype == environment.action_spec().dtype


def test_calls_differ_and_equal_seeds_agree(greedy_on_0):
    policies = [EpsilonGreedyPolicy(greedy_on_0, 1.0, RandomStream(Stream.POLICY, 4)) for _ in "ab"]
    first, second = (policies[0].action(many_time_steps()).action.numpy() for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(first, policies[1].action(many_time_steps()).action)
