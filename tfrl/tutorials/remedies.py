"""Agents of lesson 9: DQN with remedies that may save steps, and PPO with a head start."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import tensorflow as tf
import tf_keras as keras
from tf_agents.agents import tf_agent
from tf_agents.agents.dqn import dqn_agent
from tf_agents.trajectories import StepType, trajectory

from tfrl.components import randomness
from tfrl.components.losses import repeat
from tfrl.components.optimizers import FlatAdam
from tfrl.components.randomness import RandomStream, Stream
from tfrl.pipelines.checks import check_non_negative, check_positive
from tfrl.pipelines.dqn import DqnConfig, DqnPipeline
from tfrl.pipelines.ppo import PpoPipeline

_LOSSES = ("loss", "td_error", "gradient_norm")


@dataclasses.dataclass(frozen=True)
class RemediesConfig(DqnConfig):
    """DQN's hyperparameters, and three more."""

    updates: int = 1  # updates from the replay buffer for each environment step
    n_step: int = 1  # rewards in a target
    imagined: int = 0  # further updates for each of them, from transitions that a model predicts

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "updates", "n_step")
        check_non_negative(self, "imagined")


def n_step_transitions(frames: trajectory.Trajectory, gamma: float) -> trajectory.Trajectory:
    """Turns n + 1 frames into a transition over n steps, as two frames.

        R = r_0 + gamma r_1 + ... + gamma^(n - 1) r_(n - 1)

    is its reward, and gamma^(n - 1) d_(n - 1) its discount, since an agent multiplies it by gamma.
    If an episode ends after m < n steps, the transition is over m steps.

    Args:
      frames: `[B, n + 1, ...]`.
      gamma: the discount factor.

    Returns:
      `[B, 2, ...]`.
    """
    n = frames.reward.shape[1] - 1
    ended = tf.cast(frames.is_boundary()[:, 1:n], tf.float32)
    inside = tf.concat([tf.ones_like(ended[:, :1]), tf.math.cumprod(1 - ended, axis=1)], axis=1)
    if n == 1:
        inside = tf.ones_like(frames.reward[:, :1])
    powers = tf.constant(gamma ** np.arange(n), tf.float32)
    steps = tf.cast(tf.reduce_sum(inside, axis=1), tf.int32)  # m of each row
    last = tf.gather(frames.discount, steps - 1, batch_dims=1) * tf.gather(powers, steps - 1)
    reward = tf.reduce_sum(inside * powers * frames.reward[:, :n], axis=1)
    following = tf.gather(frames.observation, steps, batch_dims=1)
    first = tf.nest.map_structure(lambda x: x[:, :2], frames)
    return first.replace(
        reward=tf.stack([reward, tf.zeros_like(reward)], axis=1),
        discount=tf.stack([last, tf.ones_like(last)], axis=1),
        observation=tf.stack([frames.observation[:, 0], following], axis=1),
    )


class RemediesPipeline(DqnPipeline):
    """DQN with more updates a step, n-step targets, and a model of the environment (Dyna).

    Sutton (1991), "Dyna, an integrated architecture for learning, planning, and reacting". For each
    update from the replay buffer, the model learns from the same transitions. Then it predicts what
    a random action would have done in states of the buffer, and the agent learns from that too.
    """

    Config = RemediesConfig

    def make_agent(self) -> dqn_agent.DqnAgent:
        """Builds DQN's agent and, if there are imagined updates, the model."""
        if self.config.imagined:
            self._num_actions = int(self.environment.action_spec().maximum) + 1
            self._size = self.environment.observation_spec().shape[0]
            self._model = keras.Sequential(
                [keras.layers.Dense(64, "relu"), keras.layers.Dense(self._size + 2)]
            )
            self._model.build([None, self._size + self._num_actions])
            self._model_optimizer = FlatAdam(1e-3)
            self._actions = RandomStream(Stream.MINIBATCHES)  # DQN uses it for nothing else
        return super().make_agent()

    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """Makes `updates` updates from the replay buffer, each with its imagined ones."""
        config = self.config

        def update(_: tf.Tensor) -> dict[str, tf.Tensor]:
            frames, _ = self._replay_buffer.get_next(config.batch_size, config.n_step + 1)
            losses = self._update(n_step_transitions(frames, config.gamma))
            if config.imagined:
                self._learn_model(frames)
                repeat(lambda _: self._update(self._imagine()), config.imagined, _LOSSES)
            return losses

        # See `DqnPipeline.learn`: the number of rounds must not be a constant.
        always_true = self.episode_log.environment_steps >= 0
        num_updates = tf.where(always_true, config.updates * config.num_environments, 0)
        means = repeat(update, num_updates, _LOSSES)
        return tf_agent.LossInfo(means.pop("loss"), {**means, "epsilon": self.epsilon()})

    def _update(self, transitions: trajectory.Trajectory) -> dict[str, tf.Tensor]:
        loss, losses = self.agent.train(transitions)
        return {
            "loss": loss,
            "td_error": tf.reduce_mean(tf.abs(losses.td_error)),
            "gradient_norm": self._optimizer.gradient_norm.read_value(),
        }

    def _predict(self, observation: tf.Tensor, action: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Returns the change of the observation, the reward, and the logit of an end, `[B]`."""
        inputs = tf.concat([observation, tf.one_hot(action, self._num_actions)], axis=1)
        change, reward, end = tf.split(self._model(inputs), [self._size, 1, 1], axis=1)
        return change, reward[:, 0], end[:, 0]

    def _learn_model(self, frames: trajectory.Trajectory) -> None:
        """Makes one update of the model from real transitions."""
        before, after = frames.observation[:, 0], frames.observation[:, 1]
        is_step = tf.cast(~frames.is_boundary()[:, 0], tf.float32)
        ends = 1 - frames.discount[:, 0]
        with tf.GradientTape() as tape:
            change, reward, end = self._predict(before, frames.action[:, 0])
            errors = tf.reduce_sum(tf.square(after - before - change), axis=1)
            errors += tf.square(frames.reward[:, 0] - reward)
            errors += tf.nn.sigmoid_cross_entropy_with_logits(ends, end)
            loss = tf.reduce_mean(is_step * errors)
        weights = self._model.trainable_weights
        self._model_optimizer.apply_gradients(
            zip(tape.gradient(loss, weights), weights, strict=True)
        )

    def _imagine(self) -> trajectory.Trajectory:
        """Returns transitions from states of the replay buffer, as the model predicts them."""
        frames, _ = self._replay_buffer.get_next(self.config.batch_size, num_steps=2)
        before = frames.observation[:, 0]
        action = randomness.integers(self._actions.next(), before.shape[:1], self._num_actions)
        action = tf.cast(action, frames.action.dtype)
        change, reward, end = self._predict(before, action)
        goes_on = 1 - tf.sigmoid(end)
        return frames.replace(
            # A boundary is no state to act in. The agent masks it.
            next_step_type=tf.fill(frames.step_type.shape, StepType.MID),
            observation=tf.stack([before, before + change], axis=1),
            action=tf.stack([action, action], axis=1),
            reward=tf.stack([reward, tf.zeros_like(reward)], axis=1),
            discount=tf.stack([goes_on, tf.ones_like(goes_on)], axis=1),
        )


class HeadStartPipeline(PpoPipeline):
    """PPO that begins with given weights.

    `start` has a list of arrays for each seed: the weights of the policy, and those of the value
    network after them. Weights that are missing, and those of other seeds, are drawn.
    """

    start: ClassVar[Mapping[int, Sequence[np.ndarray]]] = {}

    def initialize(self, seed: int) -> None:
        """Draws the weights and seeds all random streams, then sets the given weights."""
        super().initialize(seed)
        weights = self.start.get(seed, ())
        for variable, value in zip(self.policy_variables.values(), weights, strict=False):
            variable.assign(value)
