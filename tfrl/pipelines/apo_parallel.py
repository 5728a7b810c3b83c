"""APO with several learners, anchored to the best episodes of all learners or of each one."""

import dataclasses

import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.trajectories import StepType, trajectory
from tf_agents.typing import types

from tfrl.components.collection import Observer
from tfrl.components.policies import CategoricalPolicy, StackedPolicies
from tfrl.components.randomness import RandomStream, Stream
from tfrl.pipelines.apo import ApoClipAgent, ApoConfig, ApoPipeline
from tfrl.pipelines.checks import check_positive


@dataclasses.dataclass(frozen=True)
class ParallelApoConfig(ApoConfig):
    """Hyperparameters of APO with several learners: those of each learner, and their number.

    The talk that introduced APO names sharing anchors as its next step. It gives no values.
    """

    num_environments: int = 16  # environments stepped together, split evenly over the learners
    num_learners: int = 2  # learners, each with separate networks
    share_anchors: bool = True  # anchor episodes of all learners together instead of one's own

    @property
    def rollout_frames(self) -> int:
        """Frames that one learner learns from in an iteration."""
        return super().rollout_frames // max(self.num_learners, 1)

    def __post_init__(self):
        super().__post_init__()
        check_positive(self, "num_learners")
        if self.num_environments % self.num_learners:
            raise ValueError(
                f"num_environments must be a multiple of num_learners = {self.num_learners}, "
                f"got {self.num_environments}"
            )


class ParallelApoPipeline(ApoPipeline):
    """APO with several learners, of which the first one is evaluated.

    Steps and updates of all learners are counted, since the first one may profit from what the
    others find: with N environment steps, each of M learners takes about N / M of them. Only the
    first learner's episodes are logged and only its policy is evaluated. The learners differ only
    in their random numbers. Without shared anchors the first one learns like `ApoPipeline` does
    from N / M steps.
    """

    Config = ParallelApoConfig
    config: ParallelApoConfig

    def make_agent(self) -> ApoClipAgent:
        """Builds the agents of all learners and returns the first one."""
        config = self.config
        size = config.num_environments if config.share_anchors else self._environments_per_learner
        random = RandomStream(Stream.ANCHORS)
        self._agents = [
            self.make_apo_agent(num_environments=size, anchor_random=random)
            for _ in range(config.num_learners)
        ]
        if config.share_anchors:
            for agent in self._agents:
                agent.anchor_memory = self._agents[0].anchor_memory
        return self._agents[0]

    def training_policy(self, random: RandomStream) -> CategoricalPolicy:
        """Returns the policy that acts with each learner's policy in its environments."""
        policies = [agent.collect_policy for agent in self._agents]
        return CategoricalPolicy(StackedPolicies(policies), random)

    @property
    def observers(self) -> list[Observer]:
        """Functions called with each collected frame."""
        return [self._observe_episodes, self._observe_anchors]

    def learn(
        self, experience: trajectory.Trajectory, agent: ApoClipAgent | None = None
    ) -> tf_agent.LossInfo:
        """Updates each learner from its own experience, or only `agent` from all of it.

        Returns:
          the losses of the first learner.
        """
        if agent is not None:
            return super().learn(experience, agent)
        batches = zip(self._split(experience), self._agents, strict=True)
        first, *_ = [self.learn(batch, learner) for batch, learner in batches]
        return first

    @property
    def _environments_per_learner(self) -> int:
        return self.config.num_environments // self.config.num_learners

    def _split(self, batch: types.NestedTensor) -> list[types.NestedTensor]:
        """Splits tensors `[B, ...]` into one batch per learner."""
        size = self._environments_per_learner
        return [
            tf.nest.map_structure(lambda x, i=begin: x[i : i + size], batch)
            for begin in range(0, self.config.num_environments, size)
        ]

    def _observe_episodes(self, frame: trajectory.Trajectory) -> None:
        """Logs steps of all environments, and episodes of the first learner's environments only."""
        is_first = tf.range(self.config.num_environments) < self._environments_per_learner
        next_step_type = tf.where(is_first, frame.next_step_type, StepType.MID)
        self.episode_log.observe(frame.replace(next_step_type=next_step_type))

    def _observe_anchors(self, frame: trajectory.Trajectory) -> None:
        if self.config.share_anchors:
            self.agent.anchor_memory.observe(frame)
            return
        for agent, batch in zip(self._agents, self._split(frame), strict=True):
            agent.anchor_memory.observe(batch)
