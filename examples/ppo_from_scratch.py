"""PPO on CartPole from nothing but TensorFlow, NumPy and Gymnasium. Read it from top to bottom.

    python examples/ppo_from_scratch.py [SEED]

Schulman et al. (2017), "Proximal Policy Optimization Algorithms". docs/ppo.md explains each step.
Tests hold the agent that tfrl trains to `gae` and `ppo_loss`. Shapes: T frames of a rollout, B
environments, N = T * B frames.
"""

import itertools
import sys
from collections.abc import Callable

import gymnasium
import numpy as np
import tensorflow as tf

B, T, NUM_EPOCHS, NUM_ROLLOUTS = 8, 32, 20, 400
GAMMA, LAMBDA, CLIPPING, LARGEST_NORM = 0.98, 0.8, 0.2, 0.5
VALUE_COEFFICIENT, ENTROPY_COEFFICIENT = 0.5, 0.0
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-5

# Two networks, the actor and the critic, each with two hidden layers of 64 units.
ACTOR, CRITIC = (4, 64, 64, 2), (4, 64, 64, 1)
SHAPES = [
    shape
    for network in (ACTOR, CRITIC)
    for size, units in itertools.pairwise(network)
    for shape in ((size, units), (units,))
]


def gae(reward, discount, ended, value, gamma, lambda_):
    """Generalized advantage estimation, equation 11.

        delta_t = r_t + gamma V(s_{t+1}) - V(s_t)
        A_t     = delta_t + gamma lambda A_{t+1}

    Args:
      reward: `[T, B]`.
      discount: `[T, B]`, 0 where s_{t+1} is terminal and has no value, else 1.
      ended: `[T, B]`, 1 where the episode ended at s_{t+1}, also by a time limit, else 0.
      value: `[T + 1, B]`.
      gamma: the discount factor.
      lambda_: 0 for one step of bootstrapping, 1 for the whole return.

    Returns:
      advantages `[T, B]`.
    """
    advantages = []
    advantage = 0.0  # the rollout is cut off here: what came after is in its last value
    for t in reversed(range(reward.shape[0])):
        delta = reward[t] + gamma * discount[t] * value[t + 1] - value[t]
        advantage = delta + gamma * lambda_ * (1 - ended[t]) * advantage
        advantages.append(advantage)
    return tf.stack(advantages[::-1])


def ppo_loss(
    logits, old_logits, action, advantage, value, returns, mask, clipping, value_coef, entropy_coef
):
    """The clipped objective, equations 7 and 9, as a loss: the smaller the better.

    Args:
      logits: of the actor `[N, A]`.
      old_logits: the same before the first update.
      action: taken by the old actor, `[N]`.
      advantage: `[N]`.
      value: of the critic `[N]`.
      returns: what it should say, `[N]`.
      mask: 1 for experience, 0 for frames that reset an environment, `[N]`.
      clipping: epsilon.
      value_coef: weight of the critic's loss.
      entropy_coef: weight of the policy's entropy, which keeps it exploring.
    """

    def mean(x):
        return tf.reduce_sum(mask * x) / tf.reduce_sum(mask)

    advantage = advantage - mean(advantage)
    advantage = advantage / (tf.sqrt(mean(advantage**2)) + 1e-8)
    ratio = tf.exp(log_probability(logits, action) - log_probability(old_logits, action))
    clipped = tf.clip_by_value(ratio, 1 - clipping, 1 + clipping)
    policy_loss = -mean(tf.minimum(ratio * advantage, clipped * advantage))
    entropy = -tf.reduce_sum(tf.nn.softmax(logits) * tf.nn.log_softmax(logits), axis=-1)
    return policy_loss + value_coef * mean((value - returns) ** 2) - entropy_coef * mean(entropy)


def log_probability(logits, action):
    """The logarithm of pi(a|s) `[N]` of actions `[N]` by logits `[N, A]`."""
    return tf.gather(tf.nn.log_softmax(logits), action, batch_dims=1)


class Ppo(tf.Module):
    """The agent. All weights are one vector, so that Adam is five lines."""

    def __init__(self, seed: int):
        super().__init__()
        random = np.random.default_rng(seed)
        weights = [random.normal(0, s[0] ** -0.5 if len(s) == 2 else 0, s) for s in SHAPES]
        self.weights = tf.Variable(np.concatenate([w.ravel() for w in weights]), dtype=tf.float32)
        self.moment_1 = tf.Variable(tf.zeros_like(self.weights))
        self.moment_2 = tf.Variable(tf.zeros_like(self.weights))
        self.num_updates = tf.Variable(0.0)
        self.num_choices = tf.Variable(0)
        self.seed = seed

    def act(self, observation):
        """Draws actions `[B]` from the policy at observations `[B, 4]`, by the Gumbel trick."""
        seed = [self.seed, self.num_choices.assign_add(1)]
        uniform = tf.random.stateless_uniform([B, 2], seed, minval=1e-9)
        logits, _ = self.evaluate(observation)
        return (tf.argmax(logits - tf.math.log(-tf.math.log(uniform)), axis=1),)

    def evaluate(self, observation):
        """Logits `[..., 2]` and values `[...]` at observations `[..., 4]`."""
        sizes = [int(np.prod(shape)) for shape in SHAPES]
        parts = tf.split(tf.convert_to_tensor(self.weights), sizes)
        layers = [tf.reshape(part, shape) for part, shape in zip(parts, SHAPES, strict=True)]
        rows = tf.reshape(observation, [-1, 4])
        logits, value = network(layers[:6], rows), network(layers[6:], rows)
        outer = observation.shape[:-1]
        return tf.reshape(logits, [*outer, 2]), tf.reshape(value, outer)

    def learn(self, observation, action, reward, discount, ended, mask, progress):
        """Learns from a rollout, then draws the next actions `[B]`.

        Args:
          observation: `[T + 1, B, 4]`; the last one only bootstraps.
          action, reward, discount, ended, mask: `[T, B]`.
          progress: the part of training that is over, from 0 to 1.
        """
        old_logits, value = self.evaluate(observation)
        advantage = gae(reward, discount, ended, value, GAMMA, LAMBDA)
        returns = advantage + value[:-1]
        frames = observation[:-1], old_logits[:-1], action, advantage, returns, mask
        observation_, old_logits, action, advantage, returns, mask = (
            tf.reshape(x, [T * B, *x.shape[2:]]) for x in frames
        )

        def epoch(i):
            with tf.GradientTape() as tape:
                logits, value = self.evaluate(observation_)
                terms = logits, old_logits, action, advantage, value, returns, mask
                loss = ppo_loss(*terms, CLIPPING, VALUE_COEFFICIENT, ENTROPY_COEFFICIENT)
            self.update(tape.gradient(loss, self.weights), LEARNING_RATE * (1 - progress))
            return [i + 1]

        tf.while_loop(lambda i: i < NUM_EPOCHS, epoch, [0])
        return self.act(observation[-1])

    def update(self, gradient, learning_rate):
        """Adam (Kingma and Ba, 2015), of a gradient whose norm is clipped."""
        gradient *= tf.minimum(1.0, LARGEST_NORM / tf.norm(gradient))
        t = self.num_updates.assign_add(1.0)
        m = self.moment_1.assign(BETA_1 * self.moment_1 + (1 - BETA_1) * gradient)
        v = self.moment_2.assign(BETA_2 * self.moment_2 + (1 - BETA_2) * gradient**2)
        rate = learning_rate * tf.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
        self.weights.assign_sub(rate * m / (tf.sqrt(v) + EPSILON))


def network(layers, x):
    """Two layers of tanh and a linear one, on `[N, 4]`."""
    kernel_1, bias_1, kernel_2, bias_2, kernel_3, bias_3 = layers
    hidden = tf.tanh(tf.tanh(x @ kernel_1 + bias_1) @ kernel_2 + bias_2)
    return hidden @ kernel_3 + bias_3


class Training:
    """Collects one rollout after another and learns from each."""

    def __init__(self, act: Callable, learn: Callable, seed: int):
        self.act, self.learn = act, learn
        make = [lambda: gymnasium.make("CartPole-v1", disable_env_checker=True)] * B
        self.environments = gymnasium.vector.SyncVectorEnv(make, copy=False)
        self.observation = np.zeros([T + 1, B, 4], np.float32)
        self.action = np.zeros([T + 1, B], np.int64)
        self.reward, self.discount, self.ended, self.mask = np.zeros([4, T, B], np.float32)
        self.observation[0], _ = self.environments.reset(seed=seed)
        (self.action[0],) = act(self.observation[0])
        self.has_ended = np.zeros(B, bool)  # in which environments the next step is a reset
        self.running, self.returns = np.zeros(B), []  # of the episodes in progress, and ended

    def iterate(self, progress: float) -> None:
        """Makes one rollout, and learns from it."""
        for t in range(T):
            self.mask[t] = ~self.has_ended  # Gymnasium resets in the step after an episode's end
            step = self.environments.step(self.action[t])
            self.observation[t + 1], self.reward[t], terminated, truncated, _ = step
            self.discount[t] = ~terminated
            self.ended[t] = self.has_ended = terminated | truncated
            self.running += self.reward[t]
            self.returns += self.running[self.has_ended].tolist()
            self.running[self.has_ended] = 0
            if t + 1 < T:
                (self.action[t + 1],) = self.act(self.observation[t + 1])
        frames = self.action[:-1], self.reward, self.discount, self.ended, self.mask
        (self.action[0],) = self.learn(self.observation, *frames, np.array(progress, np.float32))
        self.observation[0] = self.observation[-1]


def main(seed: int) -> None:
    """Trains, and prints the mean return of the last twenty episodes now and then."""
    ppo = Ppo(seed)
    act, learn = (tf.function(f, jit_compile=True, autograph=False) for f in (ppo.act, ppo.learn))
    training = Training(act, learn, seed)
    for i in range(NUM_ROLLOUTS):
        training.iterate(i / NUM_ROLLOUTS)
        if (i + 1) % (NUM_ROLLOUTS // 10) == 0:
            steps = (i + 1) * T * B
            print(f"{steps:7,} steps: mean return {np.mean(training.returns[-20:]):.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
