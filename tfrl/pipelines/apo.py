"""APO: PPO anchored to its best episodes."""

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
from tfrl.pipelines.checks import check_choice, check_not_negative, check_positive
from tfrl.pipelines.ppo import CorrectedPPOClipAgent, PpoConfig, PpoPipeline

LOSS_TYPES = ("best_to_theta", "theta_to_best", "cross_entropy")


@dataclasses.dataclass(frozen=True)
class ApoConfig(PpoConfig):
    """Hyperparameters of APO (Kakinoue, 2025): PPO's, and those of the anchors.

    The talk gives no values; these are round numbers chosen before any reported seed was run.
    """

    num_anchor_episodes: int = 4  # K, episodes that are kept
    anchor_selection: str = "best"  # which those are, or "random": any of all so far
    anchor_weight: float = 1.0  # beta, what the loss on their steps counts
    anneal_anchor_weight: bool = False  # whether it falls to 0 over training, linearly
    anchor_loss_type: str = "best_to_theta"  # KL(best || theta), "theta_to_best", "cross_entropy"
    anchor_batch_size: int = 64  # steps of the episodes kept in each update
    newer_wins_ties: bool = True  # which of two episodes with equal returns is kept

    def __post_init__(self):
        super().__post_init__()
        check_positive(self, "num_anchor_episodes", "anchor_batch_size")
        check_not_negative(self, "anchor_weight")
        check_choice(self, "anchor_selection", SELECTIONS)
        check_choice(self, "anchor_loss_type", LOSS_TYPES)
        if self.stock_agent:
            raise ValueError("stock_agent is to be false: APO builds on the corrected agent")

    @property
    def frames_in_memory(self) -> int:
        """Frames that are held in memory at once, of anchor episodes of one step at least."""
        return super().frames_in_memory + self.num_anchor_episodes + self.anchor_batch_size


class ApoLossInfo(NamedTuple):
    """What APO's loss is made of: the components of `PPOLossInfo`, and the anchors'."""

    policy_gradient_loss: tf.Tensor
    value_estimation_loss: tf.Tensor
    l2_regularization_loss: tf.Tensor
    entropy_regularization_loss: tf.Tensor
    kl_penalty_loss: tf.Tensor
    clip_fraction: tf.Tensor
    anchor_loss: tf.Tensor


@gin.configurable
class ApoClipAgent(CorrectedPPOClipAgent):
    """PPO with clipping and a pull towards what the policy did in its best episodes.

    After a talk by T. Kakinoue (2025). On-policy learners find a good trajectory, learn it once,
    and forget it while exploring. APO records the distribution each action of the highest-return
    episodes was drawn from and adds to PPO's loss

        beta * E_{s in A} [ KL( p_best(.|s) || pi_theta(.|s) ) ],

    A being the steps of the `num_anchor_episodes` best episodes so far and p_best(.|s) the
    distribution recorded when the episode was collected. In this direction theta must put mass
    wherever the best did; the other direction, KL(pi_theta || p_best), punishes mass where the best
    had little, and lets theta give up some of what the best did. The talk's alternative needs no
    distributions: the cross-entropy -log pi_theta(a|s) of the actions a that were taken, which
    pulls until theta takes them always, where the divergences are content with as often.

    The control of all that is A of random episodes instead of the best: does it matter which?

    Deviations from the formula: each training step estimates the expectation from
    `anchor_batch_size` steps drawn anew from A, unless that is None; of episodes longer than
    `max_episode_length` A holds the beginning.

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
          time_step_spec: as in `PPOClipAgent`, like all arguments that are not named here.
          action_spec: as in `PPOClipAgent`.
          *args: of `PPOClipAgent`.
          num_anchor_episodes: K, how many episodes are kept.
          anchor_weight: beta, what the anchors count beside PPO's loss. A callable gives a
            schedule: it is evaluated in the graph at every training step.
          anchor_loss_type: "best_to_theta" for KL(p_best || pi_theta), "theta_to_best" for
            KL(pi_theta || p_best), "cross_entropy" for that of the actions taken.
          anchor_selection: whether A is the "best" episodes, or "random" ones of all so far.
          anchor_batch_size: steps drawn from A for each training step; None takes all of A.
          newer_wins_ties: whether of episodes with equal returns the newer is kept, as where many
            reach the highest return that there is, or the older.
          num_environments: environments whose frames the memory observes, `B`.
          max_episode_length: environment steps kept of an episode, its first ones.
          anchor_random: what keys the draws; a stream of its own with seed 0 unless given.
          name: of the agent.
          **kwargs: of `PPOClipAgent`.

        Raises:
          ValueError: for an unknown type or selection, a recurrent network, or where
            `PPOClipAgent` raises it.
        """
        if anchor_loss_type not in LOSS_TYPES:
            raise ValueError(
                f"anchor_loss_type is one of {', '.join(LOSS_TYPES)}, not {anchor_loss_type!r}"
            )
        super().__init__(time_step_spec, action_spec, *args, name=name, **kwargs)
        if self.collect_policy.policy_state_spec:
            raise ValueError("anchors are single steps, which recurrent networks cannot judge")
        self._anchor_weight = anchor_weight
        self._anchor_loss_type = anchor_loss_type
        self._anchor_batch_size = anchor_batch_size
        # Its `observe` is to be shown every frame collected. Agents given the memory of another,
        # before any training, share their anchors.
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
        """PPO's loss plus `anchor_loss`, which is reported in `extra` beside PPO's components."""
        loss_info = super().get_loss(*args, training=training, **kwargs)
        anchor_loss = self.anchor_loss(training)
        return tf_agent.LossInfo(
            loss_info.loss + anchor_loss,
            ApoLossInfo(**loss_info.extra._asdict(), anchor_loss=anchor_loss),
        )

    def anchor_loss(self, training: bool = False) -> tf.Tensor:
        """The mean over the anchors times beta, a scalar; 0 while there are none."""
        if self._anchor_batch_size is None:
            anchors = self.anchor_memory.all()
        else:
            anchors = self.anchor_memory.sample(self._anchor_batch_size)
        weight = self._anchor_weight() if callable(self._anchor_weight) else self._anchor_weight
        loss = weight * tf.reduce_sum(anchors.weight * self._anchor_losses(anchors, training))
        tf.compat.v2.summary.scalar("Losses/anchor_loss", loss, step=self.train_step_counter)
        return loss

    def _anchor_losses(self, anchors: Anchors, training: bool) -> tf.Tensor:
        """The divergence or cross-entropy `[N]` at each anchor, in nats."""
        time_steps = ts.TimeStep(
            step_type=tf.fill(anchors.weight.shape, ts.StepType.MID),
            reward=tf.zeros_like(anchors.weight),
            discount=tf.ones_like(anchors.weight),
            observation=anchors.observation,
        )
        # As in the stock agent: only the private method passes `training` on.
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
    """PPO's pipeline with the anchored agent, whose memory observes what is collected."""

    Config = ApoConfig
    losses = ApoLossInfo._fields
    config: ApoConfig

    def make_agent(self) -> ApoClipAgent:
        """PPO with anchors."""
        return self.make_apo_agent(num_environments=self.config.num_environments)

    def make_apo_agent(self, **arguments) -> ApoClipAgent:
        """The anchored agent, with `arguments` beside what the config says."""
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
        """The anchor memory sees every frame too."""
        return [*super().observers, self.agent.anchor_memory.observe]
