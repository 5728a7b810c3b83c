"""The losses of PPO and APO by their definitions, without TF-Agents."""

import numpy as np
import tensorflow as tf

from examples import ppo_from_scratch


def softmax(logits):
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return odds / odds.sum(axis=-1, keepdims=True)


def anchor_loss(rollout, agent, num_episodes, loss_type):
    """The mean over the steps of the best episodes, found by looking through all `[B, T + 1]`."""
    episodes = []
    logits = rollout.policy_info["dist_params"]["logits"].numpy()
    for t in range(rollout.reward.shape[1] - 1):
        for b in range(rollout.reward.shape[0]):
            if rollout.is_last()[b, t]:
                begin = t
                while begin > 0 and not rollout.is_boundary()[b, begin - 1]:
                    begin -= 1
                span = slice(begin, t + 1)
                total = float(np.sum(rollout.reward[b, span]))
                episodes.append(
                    (
                        total,
                        len(episodes),
                        rollout.observation[b, span].numpy(),
                        logits[b, span],
                        rollout.action[b, span].numpy(),
                    )
                )
    best = sorted(episodes, key=lambda e: e[:2])[-num_episodes:]
    assert len(best) == num_episodes < len(episodes)
    observations = np.concatenate([e[2] for e in best])
    p_best = softmax(np.concatenate([e[3] for e in best]))
    theta, _ = agent.actor_net(observations, tf.ones(len(observations), tf.int32), ())
    p_theta = softmax(theta.logits.numpy())
    if loss_type == "cross_entropy":
        action = np.concatenate([e[4] for e in best])
        return -np.mean(np.log(p_theta[np.arange(len(action)), action]))
    p, q = (p_best, p_theta) if loss_type == "best_to_theta" else (p_theta, p_best)
    return np.mean(np.sum(p * np.log(p / q), axis=-1))


def ppo_loss(rollout, agent, before, clipping, entropy_coef, gamma, lambda_):
    """The loss that `examples/ppo_from_scratch.py` computes for a rollout `[B, T + 1]`.

    Args:
      before: value predictions and logits `[B, T + 1, ...]` at the time of collection.
    """
    value, old_logits = (x.swapaxes(0, 1) for x in before)

    def steps(x):
        return np.asarray(x).swapaxes(0, 1)[:-1]  # [T, B, ...]

    advantage = ppo_from_scratch.gae(
        steps(rollout.reward),
        steps(rollout.discount),
        steps(rollout.is_last()).astype(np.float32),
        value,
        gamma,
        lambda_,
    )
    theta, _ = agent.actor_net(rollout.observation, rollout.step_type, ())
    now, _ = agent._value_net(rollout.observation, rollout.step_type, ())
    frames = (
        steps(theta.logits),
        old_logits[:-1],
        steps(rollout.action),
        advantage,
        steps(now),
        advantage + value[:-1],
        steps(~rollout.is_boundary()).astype(np.float32),
    )
    flat = [tf.reshape(x, [-1, *x.shape[2:]]) for x in frames]
    return float(ppo_from_scratch.ppo_loss(*flat, clipping, 0.5, entropy_coef))
