"""PPO on Gymnasium's CartPole-v1, written by hand for nothing else.

    python -m bench.by_hand

What no code of any generality can be expected to beat: the work of `bench.ours ppo --gymnasium`
without TF-Agents and Keras, and without what a study needs (levels, the log of episodes,
checkpoints). It cuts corners: frames that reset an environment are learned from, a truncated
episode counts as terminated, and the learning rate does not fall. Prints `{"rate": ...}`,
environment steps per second, compiling and the first rollouts excluded.
"""

import itertools
import json
import time

from tfrl import runtime

runtime.configure()

import gymnasium  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from bench.floor import ACTOR_NETWORKS, PPO_EPOCHS, VALUE_NETWORK  # noqa: E402
from tfrl.pipelines.host_loop import Call, direct_call  # noqa: E402

NUM_ENVIRONMENTS, LENGTH = 8, 32  # of a rollout: B and T in the shapes below
WARM_UP, ROLLOUTS = 20, 100
DISCOUNT, LAMBDA, CLIPPING, VALUE_COEFFICIENT, LARGEST_NORM = 0.98, 0.8, 0.2, 0.5, 0.5
LEARNING_RATE, BETA_1, BETA_2, EPSILON = 1e-3, 0.9, 0.999, 1e-5

SHAPES = [
    shape
    for network in (ACTOR_NETWORKS["ppo"], VALUE_NETWORK)
    for size, units in itertools.pairwise(network)
    for shape in ((size, units), (units,))
]
SIZES = [int(np.prod(shape)) for shape in SHAPES]


class Ppo(tf.Module):
    """Its weights are one vector, so that Adam updates one variable."""

    def __init__(self):
        super().__init__()
        random = np.random.default_rng(0)
        drawn = [
            random.normal(0, shape[0] ** -0.5 if len(shape) == 2 else 0, shape) for shape in SHAPES
        ]
        weights = np.concatenate([np.ravel(weight) for weight in drawn])
        self.weights = tf.Variable(weights, dtype=tf.float32)
        self.first_moment = tf.Variable(tf.zeros_like(self.weights))
        self.second_moment = tf.Variable(tf.zeros_like(self.weights))
        self.updates = tf.Variable(0.0)
        self.choices = tf.Variable(0, dtype=tf.int64)

    def act(self, observation: tf.Tensor) -> tuple[tf.Tensor]:
        """Actions `[B]`, drawn at observations `[B, 4]`."""
        seed = tf.stack([self.choices.assign_add(1), 0])
        uniform = tf.random.stateless_uniform([NUM_ENVIRONMENTS, 2], seed, minval=1e-9)
        logits = actor(unpack(self.weights), observation)
        return (tf.argmax(logits - tf.math.log(-tf.math.log(uniform)), axis=1),)

    def learn(self, observation, action, reward, discount) -> tuple[tf.Tensor]:
        """Learns from a rollout, observations `[T + 1, B, 4]` and the rest `[T, B]`; then acts."""
        values = critic(unpack(self.weights), observation)
        advantages = self._advantages(values, reward, discount)
        returns = tf.reshape(advantages + values[:-1], [-1])
        advantages = tf.reshape(advantages, [-1])
        advantages -= tf.reduce_mean(advantages)
        advantages /= tf.math.reduce_std(advantages) + 1e-8
        frames = tf.reshape(observation[:-1], [-1, 4])
        chosen = tf.one_hot(tf.reshape(action, [-1]), 2)
        before = log_probability(unpack(self.weights), frames, chosen)

        def loss(network):
            ratio = tf.exp(log_probability(network, frames, chosen) - before)
            clipped = tf.clip_by_value(ratio, 1 - CLIPPING, 1 + CLIPPING)
            policy_loss = -tf.reduce_mean(tf.minimum(ratio * advantages, clipped * advantages))
            value_loss = tf.reduce_mean(tf.square(returns - critic(network, frames)))
            return policy_loss + VALUE_COEFFICIENT * value_loss

        def epoch(number):
            network = unpack(self.weights)
            with tf.GradientTape() as tape:
                tape.watch(network)
                total = loss(network)
            gradients = tape.gradient(total, network)
            self._update(tf.concat([tf.reshape(g, [-1]) for g in gradients], axis=0))
            return [number + 1]

        tf.while_loop(lambda number: number < PPO_EPOCHS, epoch, [0])
        return self.act(observation[-1])

    def _advantages(self, values, reward, discount) -> tf.Tensor:
        deltas = reward + DISCOUNT * discount * values[1:] - values[:-1]
        advantages = [tf.zeros(NUM_ENVIRONMENTS)]
        for t in reversed(range(LENGTH)):
            advantages.append(deltas[t] + DISCOUNT * LAMBDA * discount[t] * advantages[-1])
        return tf.stack(advantages[:0:-1])

    def _update(self, gradient: tf.Tensor) -> None:
        """Adam, after the gradient has been clipped by its norm."""
        gradient *= tf.minimum(1.0, LARGEST_NORM / tf.norm(gradient))
        number = self.updates.assign_add(1.0)
        first = self.first_moment.assign(BETA_1 * self.first_moment + (1 - BETA_1) * gradient)
        second = self.second_moment.assign(
            BETA_2 * self.second_moment + (1 - BETA_2) * gradient * gradient
        )
        rate = LEARNING_RATE * tf.sqrt(1 - BETA_2**number) / (1 - BETA_1**number)
        self.weights.assign_sub(rate * first / (tf.sqrt(second) + EPSILON))


def unpack(weights: tf.Tensor) -> list[tf.Tensor]:
    """Kernel and bias of each layer, the actor's first."""
    parts = tf.split(tf.convert_to_tensor(weights), SIZES)
    return [tf.reshape(part, shape) for part, shape in zip(parts, SHAPES, strict=True)]


def actor(network: list[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """Logits `[..., 2]`."""
    return dense(network[:6], x)


def critic(network: list[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """Values `[...]`."""
    return dense(network[6:], x)[..., 0]


def dense(layers: list[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
    """Two layers of tanh and a linear one."""
    kernel_1, bias_1, kernel_2, bias_2, kernel_3, bias_3 = layers
    rows = tf.reshape(x, [-1, x.shape[-1]])
    hidden = tf.tanh(tf.tanh(rows @ kernel_1 + bias_1) @ kernel_2 + bias_2)
    return tf.reshape(hidden @ kernel_3 + bias_3, [*x.shape[:-1], -1])


def log_probability(network: list[tf.Tensor], x: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    """Of the actions that `chosen` `[..., 2]` marks with 1."""
    return tf.reduce_sum(chosen * tf.nn.log_softmax(actor(network, x)), axis=-1)


class Rollouts:
    """Collects one rollout after another and learns from each."""

    def __init__(self, act: Call, learn: Call):
        self._act, self._learn = act, learn
        make = [lambda: gymnasium.make("CartPole-v1", disable_env_checker=True)] * NUM_ENVIRONMENTS
        self._environments = gymnasium.vector.SyncVectorEnv(make, copy=False)
        self._observation = np.zeros([LENGTH + 1, NUM_ENVIRONMENTS, 4], np.float32)
        self._action = np.zeros([LENGTH + 1, NUM_ENVIRONMENTS], np.int64)
        self._reward, self._discount = np.zeros([2, LENGTH, NUM_ENVIRONMENTS], np.float32)
        self._observation[0], _ = self._environments.reset(seed=0)
        (self._action[0],) = act(self._observation[0])

    def iterate(self) -> None:
        """Makes one rollout, and learns from it."""
        for t in range(LENGTH):
            observation, reward, terminated, truncated, _ = self._environments.step(self._action[t])
            self._observation[t + 1], self._reward[t] = observation, reward
            self._discount[t] = ~(terminated | truncated)
            if t + 1 < LENGTH:
                (self._action[t + 1],) = self._act(self._observation[t + 1])
        rollout = self._action[:-1], self._reward, self._discount
        (self._action[0],) = self._learn(self._observation, *rollout)
        self._observation[0] = self._observation[-1]


def main() -> None:
    """Prints the rate."""
    ppo = Ppo()
    batch = tf.TensorSpec([NUM_ENVIRONMENTS, 4])
    rollout = [
        tf.TensorSpec([LENGTH + 1, NUM_ENVIRONMENTS, 4]),
        *(tf.TensorSpec([LENGTH, NUM_ENVIRONMENTS], d) for d in (tf.int64, tf.float32, tf.float32)),
    ]
    compiled = [
        tf.function(function, jit_compile=True, autograph=False).get_concrete_function(*signature)
        for function, signature in ((ppo.act, [batch]), (ppo.learn, rollout))
    ]
    rollouts = Rollouts(*map(direct_call, compiled))
    for _ in range(WARM_UP):
        rollouts.iterate()
    start = time.perf_counter()
    for _ in range(ROLLOUTS):
        rollouts.iterate()
    steps = ROLLOUTS * LENGTH * NUM_ENVIRONMENTS
    print(json.dumps({"rate": steps / (time.perf_counter() - start)}))


if __name__ == "__main__":
    main()
