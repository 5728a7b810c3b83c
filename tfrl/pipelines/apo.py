"""APO: PPO with a loss that anchors the policy to its best episodes."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.ppo import ppo_utils
from tf_agents.networks import network
from tf_agents.trajectories import time_step as ts
from tf_agents.utils import common

from tfrl.components.anchor_memory import SELECTIONS, AnchorMemory, Anchors
from tfrl.components.collection import Observer
from tfrl.components.policies import linear_schedule
from tfrl.components.randomness import RandomStream
from tfrl.pipelines.checks import check_choice, check_non_negative, check_positive
from tfrl.pipelines.ppo import CorrectedPPOClipAgent, PpoConfig, PpoPipeline

LOSS_TYPES = ("best_to_theta", "theta_to_best", "cross_entropy")


@dataclasses.dataclass(frozen=True)
class ApoConfig(PpoConfig):
    """Hyperparameters of APO (Kakinoue, 2025): those of PPO and of the anchors.

    The talk gives no values. The defaults are round numbers fixed before any reported seed was run.
    """

    num_anchor_episodes: int = 4  # K, number of anchor episodes
    anchor_selection: str = "best"  # "best": highest returns so far; "random": any episodes so far
    anchor_weight: float = 1.0  # beta, weight of the anchor loss
    anneal_anchor_weight: bool = False  # decrease beta linearly to 0 over training
    anchor_loss_type: str = "best_to_theta"  # KL(best || theta), "theta_to_best", "cross_entropy"
    anchor_batch_size: int = 64  # steps of anchor episodes sampled per update
    newer_wins_ties: bool = True  # of episodes with equal returns, keep the newer one

    def __post_init__(self):
        super().__post_init__()
        check_positive(self, "num_anchor_episodes", "anchor_batch_size")
        check_non_negative(self, "anchor_weight")
        check_choice(self, "anchor_selection", SELECTIONS)
        check_choice(self, "anchor_loss_type", LOSS_TYPES)
        if self.stock_agent:
            raise ValueError("stock_agent must be false: APO builds on the corrected agent")

    @property
    def frames_in_memory(self) -> int:
        """Frames held in memory at once, at least: anchor episodes count as one frame each."""
        return super().frames_in_memory + self.num_anchor_episodes + self.anchor_batch_size


class ApoLossInfo(NamedTuple):
    """The terms of APO's loss: those of `PPOLossInfo`, and the anchor loss."""

    policy_gradient_loss: tf.Tensor
    value_estimation_loss: tf.Tensor
    l2_regularization_loss: tf.Tensor
    entropy_regularization_loss: tf.Tensor
    kl_penalty_loss: tf.Tensor
    clip_fraction: tf.Tensor
    anchor_loss: tf.Tensor


@gin.configurable
class ApoClipAgent(CorrectedPPOClipAgent):
    """Clipped PPO with a loss that keeps the policy close to its best episodes.

    From a talk by T. Kakinoue (2025). On-policy learners find a good trajectory, learn from it
    once, and forget it while they explore. APO records the distribution that each action of the
    highest-return episodes was drawn from, and adds to PPO's loss

        beta * E_{s in A} [ KL( p_best(.|s) || pi_theta(.|s) ) ].

    A are the steps of the `num_anchor_episodes` best episodes so far, and p_best(.|s) is the
    distribution recorded when the episode was collected. There are three types of loss:

    - KL(p_best || pi_theta): pi_theta must put mass wherever p_best did.
    - KL(pi_theta || p_best): pi_theta must not put mass where p_best had little, but may drop some
      of the actions of p_best.
    - Cross-entropy -log pi_theta(a|s) of the actions a taken, which needs no distributions. Its
      minimum is a policy that always takes them; the divergences are 0 if pi_theta = p_best.

    As a control, A can consist of random episodes instead of the best ones.

    Deviations from the formula: each training step estimates the expectation from
    `anchor_batch_size` steps sampled from A, unless that is None. Episodes longer than
    `max_episode_length` are cut to their first steps.

    The memory is filled by an observer, for example

        driver = DynamicStepDriver(environment, agent.collect_policy,
                                   observers=[buffer.add_batch, agent.anchor_memory.observe])
    """

    def __init__(
        self,
        time_step_spec: ts.TimeStep,
        action_spec,
        *args,
        num_anchor_episodes: int = 4,
        anchor_weight: float | Callable[[], tf.Tensor] = 1.0,
        anchor_loss_type: str = "best_to_theta",
        anchor_selection: str = "best",
        anchor_batch_size: int | None = 64,
        newer_wins_ties: bool = True,
        num_environments: int = 1,
        max_episode_length: int = 1000,
        anchor_random: RandomStream | None = None,
        name: str = "ApoClipAgent",
        **kwargs,
    ):
        """Creates the agent.

        Args:
          time_step_spec: as in `PPOClipAgent`.
          action_spec: as in `PPOClipAgent`.
          *args: further arguments of `PPOClipAgent`.
          num_anchor_episodes: K, number of anchor episodes.
          anchor_weight: beta, weight of the anchor loss. A callable is a schedule: it is evaluated
            in the graph at every training step.
          anchor_loss_type: "best_to_theta" for KL(p_best || pi_theta), "theta_to_best" for
            KL(pi_theta || p_best), "cross_entropy" for that of the actions taken.
          anchor_selection: "best" keeps the episodes with the highest returns so far, "random"
            keeps random ones of all episodes so far.
          anchor_batch_size: steps sampled from A per training step; None uses all of A.
          newer_wins_ties: true keeps the newer of two episodes with equal returns, false the older
            one. Ties are common where many episodes reach the maximum return.
          num_environments: number of environments whose frames the memory observes, `B`.
          max_episode_length: environment steps kept of each episode, from its start.
          anchor_random: random numbers of the memory; default: a separate stream with seed 0.
          name: name of the agent.
          **kwargs: further arguments of `PPOClipAgent`.

        Raises:
          ValueError: the loss type or selection is unknown, a network is recurrent, or
            `PPOClipAgent` raises it.
        """
        if anchor_loss_type not in LOSS_TYPES:
            raise ValueError(
                f"anchor_loss_type must be one of {', '.join(LOSS_TYPES)}, got {anchor_loss_type!r}"
            )
        super().__init__(time_step_spec, action_spec, *args, name=name, **kwargs)
        if self.collect_policy.policy_state_spec:
            raise ValueError("recurrent networks are not supported: anchors are single steps")
        self._anchor_weight = anchor_weight
        self._anchor_loss_type = anchor_loss_type
        self._anchor_batch_size = anchor_batch_size
        # `observe` must be called with every collected frame. To share anchors between agents,
        # assign one memory to all of them before training.
        self.anchor_memory = AnchorMemory(
            self.collect_data_spec,
            num_anchor_episodes,
            num_environments,
            max_episode_length,
            anchor_selection,
            newer_wins_ties,
            anchor_random,
        )

    def get_loss(self, *args, training: bool = False, **kwargs) -> tf_agent.LossInfo:
        """Returns PPO's loss plus `anchor_loss`, which `extra` reports with PPO's terms."""
        loss_info = super().get_loss(*args, training=training, **kwargs)
        anchor_loss = self.anchor_loss(training)
        return tf_agent.LossInfo(
            loss_info.loss + anchor_loss,
            ApoLossInfo(**loss_info.extra._asdict(), anchor_loss=anchor_loss),
        )

    def anchor_loss(self, training: bool = False) -> tf.Tensor:
        """Returns beta times the mean loss over the anchors, a scalar; 0 without anchors."""
        if self._anchor_batch_size is None:
            anchors = self.anchor_memory.all()
        else:
            anchors = self.anchor_memory.sample(self._anchor_batch_size)
        weight = self._anchor_weight() if callable(self._anchor_weight) else self._anchor_weight
        loss = weight * tf.reduce_sum(anchors.weight * self._anchor_losses(anchors, training))
        tf.compat.v2.summary.scalar("Losses/anchor_loss", loss, step=self.train_step_counter)
        return loss

    def _anchor_losses(self, anchors: Anchors, training: bool) -> tf.Tensor:
        """Returns the divergence or cross-entropy at each anchor, `[N]`, in nats."""
        time_steps = ts.TimeStep(
            step_type=tf.fill(anchors.weight.shape, ts.StepType.MID),
            reward=tf.zeros_like(anchors.weight),
            discount=tf.ones_like(anchors.weight),
            observation=anchors.observation,
        )
        # Only the private method accepts `training`; the stock agent calls it too.
        theta = self._collect_policy._distribution(time_steps, (), training=training).action
        if self._anchor_loss_type == "cross_entropy":
            return -common.log_probability(theta, anchors.action, self.action_spec)
        best = ppo_utils.distribution_from_spec(
            self._action_distribution_spec,
            anchors.dist_params,
            legacy_distribution_network=isinstance(self._actor_net, network.DistributionNetwork),
        )
        pair = (best, theta) if self._anchor_loss_type == "best_to_theta" else (theta, best)
        return ppo_utils.nested_kl_divergence(*pair, outer_dims=[0])


class ApoPipeline(PpoPipeline):
    """APO: PPO's pipeline with the anchored agent, whose memory observes all frames."""

    Config = ApoConfig
    losses = ApoLossInfo._fields
    config: ApoConfig

    def make_agent(self) -> ApoClipAgent:
        """Builds the anchored agent."""
        return self.make_apo_agent(num_environments=self.config.num_environments)

    def make_apo_agent(self, **arguments) -> ApoClipAgent:
        """Builds the anchored agent from the config and further `arguments`."""
        config = self.config
        return self.make_ppo_agent(
            ApoClipAgent,
            num_anchor_episodes=config.num_anchor_episodes,
            anchor_weight=linear_schedule(
                config.anchor_weight,
                0.0 if config.anneal_anchor_weight else config.anchor_weight,
                self.num_environment_steps,
                self.episode_log.environment_steps,
            ),
            anchor_loss_type=config.anchor_loss_type,
            anchor_selection=config.anchor_selection,
            anchor_batch_size=config.anchor_batch_size,
            newer_wins_ties=config.newer_wins_ties,
            max_episode_length=self.environment.time_limit,
            **arguments,
        )

    @property
    def observers(self) -> list[Observer]:
        """Functions called with each collected frame, among them the anchor memory's."""
        return [*super().observers, self.agent.anchor_memory.observe]
