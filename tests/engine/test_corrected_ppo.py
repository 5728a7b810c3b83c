"""The corrected PPO agent agrees with equation 11 of the paper in plain NumPy."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tf_agents.agents.ppo import ppo_clip_agent
from tf_agents.trajectories import StepType
from tf_agents.trajectories import time_step as ts

from examples import ppo_from_scratch
from tfrl.components.losses import masked_normalize, mean_weights
from tfrl.environments import CartPole
from tfrl.pipelines.ppo import CorrectedPPOClipAgent

FIRST, MID, LAST = StepType.FIRST, StepType.MID, StepType.LAST
GAMMA, LAMBDA = 0.9, 0.7


@pytest.fixture
def make_agent(make_networks):
    def make(agent_class=CorrectedPPOClipAgent, **kwargs):
        actor, value = make_networks()
        environment = CartPole()
        arguments = {
            "discount_factor": GAMMA,
            "lambda_value": LAMBDA,
            "use_gae": True,
            "use_td_lambda_return": True,
            "normalize_rewards": False,
            "normalize_observations": False,
            "importance_ratio_clipping": 0.2,
            "train_step_counter": tf.Variable(0, dtype=tf.int64),
        }
        return agent_class(
            environment.time_step_spec(),
            environment.action_spec(),
            keras.optimizers.Adam(),
            actor,
            value,
            **(arguments | kwargs),
        )

    return make


def next_time_steps(step_type, reward, discount):
    """Time steps after each action of one environment, `[1, T]`."""
    as_batch = [tf.constant([x]) for x in (step_type, reward, discount)]
    return ts.TimeStep(*as_batch, observation=tf.zeros([1, len(reward), 4]))


# Rollout of one environment: an episode that terminates, a boundary, an episode that is truncated,
# a boundary, and the start of an episode that is still in progress at the end of the rollout.
NEXT_STEP_TYPE = np.array([MID, LAST, FIRST, MID, LAST, FIRST, MID, MID], np.int32)
REWARD = np.array([1.0, 2.0, 0.0, 3.0, -1.0, 0.0, 0.5, 2.5], np.float32)
DISCOUNT = np.array([1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], np.float32)
VALUE = np.array([4.0, -2.0, 30.0, 5.0, 6.0, -7.0, 8.0, 9.0, 11.0], np.float32)
IS_EXPERIENCE = np.array([True, True, False, True, True, False, True, True])


def naive_advantages(td_lambda):
    """A_t = sum_l (gamma lambda)^l delta_{t+l}, up to the end of the episode or rollout."""
    advantages = np.zeros(len(REWARD))
    for t in np.flatnonzero(IS_EXPERIENCE):
        factor = 1.0
        for k in range(t, len(REWARD)):
            terminal = NEXT_STEP_TYPE[k] == LAST and DISCOUNT[k] == 0
            next_value = 0.0 if terminal else VALUE[k + 1]
            advantages[t] += factor * (REWARD[k] + GAMMA * next_value - VALUE[k])
            factor *= GAMMA * td_lambda
            if NEXT_STEP_TYPE[k] == LAST:
                break
    return advantages


@pytest.mark.parametrize("td_lambda", [0.0, LAMBDA, 1.0])
def test_advantages_of_ppo_from_scratch_equal_their_definition(td_lambda):
    ended = (NEXT_STEP_TYPE == LAST).astype(np.float32)
    columns = (x[:, None] for x in (REWARD, DISCOUNT, ended, VALUE))
    advantages = ppo_from_scratch.gae(*columns, GAMMA, td_lambda)[:, 0]
    expected = naive_advantages(td_lambda)
    np.testing.assert_allclose(advantages[IS_EXPERIENCE], expected[IS_EXPERIENCE], rtol=1e-5)


@pytest.mark.parametrize("td_lambda", [0.0, LAMBDA, 1.0])
def test_advantages_bootstrap_from_unfinished_and_truncated_episodes_but_not_from_terminal_states(
    make_agent, td_lambda
):
    agent = make_agent(lambda_value=td_lambda)
    returns, advantages = agent.compute_return_and_advantage(
        next_time_steps(NEXT_STEP_TYPE, REWARD, DISCOUNT), tf.constant([VALUE])
    )
    expected = naive_advantages(td_lambda)
    np.testing.assert_allclose(advantages[0][IS_EXPERIENCE], expected[IS_EXPERIENCE], rtol=1e-5)
    np.testing.assert_allclose(
        returns[0][IS_EXPERIENCE], (expected + VALUE[:-1])[IS_EXPERIENCE], rtol=1e-5
    )


def test_without_gae_the_return_is_bootstrapped_monte_carlo(make_agent):
    agent = make_agent(use_gae=False, use_td_lambda_return=False)
    returns, advantages = agent.compute_return_and_advantage(
        next_time_steps(NEXT_STEP_TYPE, REWARD, DISCOUNT), tf.constant([VALUE])
    )
    # GAE with lambda = 1 telescopes to the Monte Carlo return minus the value.
    expected = naive_advantages(1.0)
    np.testing.assert_allclose(advantages[0][IS_EXPERIENCE], expected[IS_EXPERIENCE], rtol=1e-5)
    np.testing.assert_allclose(
        returns[0][IS_EXPERIENCE], (expected + VALUE[:-1])[IS_EXPERIENCE], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("agent_class", "first_advantage"),
    [(ppo_clip_agent.PPOClipAgent, 1.0 - 5.0), (CorrectedPPOClipAgent, 1.0 + 0.5 * 8.0 - 5.0)],
)
def test_stock_agent_does_not_bootstrap_from_truncated_episodes(
    make_agent, agent_class, first_advantage
):
    # If the stock case fails, TF-Agents has fixed the fault.
    agent = make_agent(agent_class, discount_factor=0.5)
    _, advantages = agent.compute_return_and_advantage(
        next_time_steps([LAST, FIRST], [1.0, 0.0], [1.0, 1.0]), tf.constant([[5.0, 8.0, 3.0]])
    )
    assert float(advantages[0, 0]) == pytest.approx(first_advantage)


@pytest.mark.parametrize(
    ("agent_class", "last_advantage"),
    [(ppo_clip_agent.PPOClipAgent, -0.02), (CorrectedPPOClipAgent, 97.0)],
)
def test_example_of_tf_agents_issue_953(make_agent, agent_class, last_advantage):
    # If the stock case fails, TF-Agents has fixed the fault.
    agent = make_agent(agent_class, discount_factor=0.99)
    _, advantages = agent.compute_return_and_advantage(
        next_time_steps([MID, MID], [0.0, 0.0], [1.0, 1.0]), tf.constant([[1.0, 2.0, 100.0]])
    )
    assert float(advantages[0, -1]) == pytest.approx(last_advantage, abs=1e-5)


def test_rewards_are_normalized_before_values_are_added(make_agent):
    agent = make_agent(normalize_rewards=True)
    agent.update_reward_normalizer(tf.constant([REWARD * 50]))
    normalized = agent._reward_normalizer.normalize(
        tf.constant([REWARD]), center_mean=False, clip_value=10.0
    )
    _, advantages = agent.compute_return_and_advantage(
        next_time_steps(NEXT_STEP_TYPE, REWARD, DISCOUNT), tf.constant([VALUE])
    )
    truncated = 4
    expected = normalized[0, truncated] + GAMMA * VALUE[truncated + 1] - VALUE[truncated]
    np.testing.assert_allclose(advantages[0, truncated], expected, rtol=1e-5)


def test_masked_normalize_agrees_with_numpy_inside_the_mask():
    rng = np.random.default_rng(0)
    x, mask = rng.normal(3, 5, (4, 9)).astype(np.float32), rng.random((4, 9)) < 0.6
    normalized = masked_normalize(tf.constant(x), tf.constant(mask, tf.float32)).numpy()
    expected = (x[mask] - x[mask].mean()) / x[mask].std()
    np.testing.assert_allclose(normalized[mask], expected, 1e-4)
    assert np.all(normalized[~mask] == 0)
    constant = masked_normalize(tf.fill([3], 2.0), tf.ones([3]))
    assert np.all(constant == 0)


def test_mean_weights_turn_a_mean_over_all_frames_into_a_mean_over_experience():
    x, mask = np.array([1.0, 5.0, 7.0, 100.0]), np.array([1.0, 1.0, 1.0, 0.0])
    weights = mean_weights(tf.constant(mask))
    assert np.mean(x * weights) == pytest.approx(np.mean(x[:3]))


def test_l2_penalty_equals_the_stock_agents(make_agent):
    agent = make_agent(policy_l2_reg=0.3, value_function_l2_reg=0.07)
    stock = ppo_clip_agent.PPOClipAgent.l2_regularization_loss(agent)
    np.testing.assert_allclose(agent.l2_regularization_loss(), stock, rtol=1e-6)


def test_shared_kernel_is_penalized_once_with_shared_coefficient(make_agent):
    agent = make_agent(policy_l2_reg=0.3, value_function_l2_reg=0.07, shared_vars_l2_reg=2.0)
    agent._value_net = agent._actor_net
    kernels = [w.numpy() for w in agent._actor_net.trainable_weights if "kernel" in w.name]
    squares = sum(np.sum(np.square(kernel, dtype=np.float64)) for kernel in kernels)
    np.testing.assert_allclose(agent.l2_regularization_loss(), 2.0 * squares, rtol=1e-6)
