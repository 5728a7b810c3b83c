"""The losses of PPO and APO by their definitions, step by step in NumPy."""

import numpy as np
import tensorflow as tf


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


def ppo_loss(rollout, agent, before, clip, entropy, gamma, td_lambda):
    """PPO's loss (equation 9) and its parts, step by step, of a rollout `[B, T + 1]`.

    Args:
      before: value predictions and logits `[B, T + 1, ...]` at the time of collection.
    """
    values, logits = before
    batch, steps = values.shape[0], values.shape[1] - 1
    theta, _ = agent.actor_net(rollout.observation, rollout.step_type, ())
    pi, old = softmax(theta.logits.numpy()), softmax(logits)
    now = agent._value_net(rollout.observation, rollout.step_type, ())[0].numpy()
    advantages, targets, places = [], [], []
    for b in range(batch):
        advantage = 0.0
        for t in reversed(range(steps)):
            if rollout.is_boundary()[b, t]:
                continue
            next_value = float(rollout.discount[b, t]) * values[b, t + 1]
            delta = float(rollout.reward[b, t]) + gamma * next_value - values[b, t]
            carried = 0.0 if rollout.is_last()[b, t] or t == steps - 1 else advantage
            advantage = delta + gamma * td_lambda * carried
            advantages.append(advantage)
            targets.append(advantage + values[b, t])
            places.append((b, t))
    at = tuple(np.transpose(places))
    action = rollout.action.numpy()[at]
    chosen = np.arange(len(action)), action
    ratio = pi[at][chosen] / old[at][chosen]
    a = (np.array(advantages) - np.mean(advantages)) / np.std(advantages)
    surrogate = np.minimum(ratio * a, np.clip(ratio, 1 - clip, 1 + clip) * a)
    assert np.mean(np.abs(ratio - 1) > clip) > 0.05
    negative_entropy = np.sum(pi[at] * np.log(pi[at]), axis=-1)
    value_loss = (now[at] - np.array(targets)) ** 2
    return -np.mean(surrogate) + 0.5 * np.mean(value_loss) + entropy * np.mean(negative_entropy)
