"""REINFORCE's loss agrees with its definition in plain NumPy."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tf_agents.agents.reinforce import reinforce_agent
from tf_agents.trajectories import StepType, trajectory

from tfrl.environments import CartPole
from tfrl.pipelines.reinforce import MaskedReinforceAgent

FIRST, MID, LAST = StepType.FIRST, StepType.MID, StepType.LAST
GAMMA, LENGTHS, STEPS = 0.9, (3, 5), 7


@pytest.fixture
def make_agent(make_networks):
    def make(baseline, agent_class=MaskedReinforceAgent, **kwargs):
        actor, value = make_networks(seed=1)
        environment = CartPole()
        agent = agent_class(
            environment.time_step_spec(),
            environment.action_spec(),
            actor,
            keras.optimizers.Adam(),
            value_network=value if baseline else None,
            gamma=GAMMA,
            train_step_counter=tf.Variable(0, dtype=tf.int64),
            **kwargs,
        )
        return agent, actor, value

    return make


@pytest.fixture
def episodes():
    """Two episodes, padded to the same length as by `EpisodeCollector`; the second is truncated."""
    rng = np.random.default_rng(0)
    t = np.arange(STEPS)
    length = np.array(LENGTHS)[:, None]
    padding = t >= length
    next_step_type = np.where(padding, FIRST, np.where(t == length - 1, LAST, MID))
    discount = np.where(padding | ((t == length - 1) & (length == 3)), 0.0, 1.0)
    return trajectory.Trajectory(
        step_type=tf.constant(np.where(padding, LAST, np.where(t == 0, FIRST, MID)), tf.int32),
        observation=tf.constant(rng.normal(size=(2, STEPS, 4)), tf.float32),
        action=tf.constant(rng.integers(0, 2, (2, STEPS)), tf.int64),
        policy_info=(),
        next_step_type=tf.constant(next_step_type, tf.int32),
        reward=tf.constant(np.where(padding, 0.0, rng.normal(size=(2, STEPS))), tf.float32),
        discount=tf.constant(discount, tf.float32),
    )


ENTROPY = 0.3


def naive_loss(episodes, actor, value, normalize):
    """Sum of three terms: the mean over episodes of -sum_t log pi(a_t|s_t) A_t; the mean over
    episodes of 0.2 sum_t (G_t - V(s_t))^2; and -ENTROPY times the mean entropy over steps.
    """
    log_probs, returns, values, entropies = [], [], [], []
    for b, length in enumerate(LENGTHS):
        episode = tf.nest.map_structure(lambda x, b=b, n=length: x[b, :n], episodes)
        distribution, _ = actor(episode.observation, episode.step_type, ())
        log_probs.append(distribution.log_prob(episode.action).numpy())
        entropies.append(distribution.entropy().numpy())
        reward, g = episode.reward.numpy(), 0.0
        discounted = np.zeros(length)
        for t in reversed(range(length)):
            g = reward[t] + GAMMA * g
            discounted[t] = g
        returns.append(discounted)
        if value:
            values.append(value(episode.observation)[0].numpy())
    log_probs, returns = np.concatenate(log_probs), np.concatenate(returns)
    advantages = returns - np.concatenate(values) if value else returns
    value_loss = 0.2 * np.sum((returns - np.concatenate(values)) ** 2) if value else 0.0
    if normalize:
        advantages = (advantages - advantages.mean()) / advantages.std()
    entropy_loss = -ENTROPY * np.mean(np.concatenate(entropies))
    return (-np.sum(log_probs * advantages) + value_loss) / len(LENGTHS) + entropy_loss


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("normalize", [False, True])
def test_loss_ignores_padding(make_agent, episodes, baseline, normalize):
    agent, actor, value = make_agent(
        baseline, normalize_returns=normalize, entropy_regularization=ENTROPY
    )
    expected = naive_loss(episodes, actor, value if baseline else None, normalize)
    assert float(agent.train(episodes).loss) == pytest.approx(expected, rel=1e-4)


def test_content_of_padding_does_not_affect_training(make_agent, episodes):
    padding = episodes.is_boundary()
    other = episodes.replace(
        observation=tf.where(padding[..., None], 1e3, episodes.observation),
        action=tf.where(padding, 1 - episodes.action, episodes.action),
    )
    weights = []
    for experience in (episodes, other):
        agent, actor, value = make_agent(True)
        agent.train(experience)
        weights.append([w.numpy() for w in (*actor.variables, *value.variables)])
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("agent_class", "moves"),
    [(MaskedReinforceAgent, False), (reinforce_agent.ReinforceAgent, True)],
)
def test_policy_loss_does_not_train_the_baseline(make_agent, episodes, agent_class, moves):
    # If the stock case fails, TF-Agents has fixed the fault.
    agent, _, value = make_agent(True, agent_class, value_estimation_loss_coef=0.0)
    before = [w.numpy() for w in value.variables]
    agent.train(episodes)
    moved = any(np.any(a != b) for a, b in zip(before, value.variables, strict=True))
    assert moved == moves
