"""APO by several learners at once, anchored to the best episodes of all of them or to their own."""

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
    """Hyperparameters of APO by several learners: those of each, and how many there are.

    The talk that APO comes from names sharing anchors as its next step, and gives no values.
    """

    num_environments: int = 16  # environments stepped together, equally many by each learner
    num_learners: int = 2  # learners, each with networks of its own
    share_anchors: bool = True  # whether the best episodes are those of all, or each one's own

    @property
    def rollout_frames(self) -> int:
        """Frames that one learner learns from in an iteration."""
        return super().rollout_frames // max(self.num_learners, 1)

    def __post_init__(self):
        super().__post_init__()
        check_positive(self, "num_learners")
        if self.num_environments % self.num_learners:
            raise ValueError(
                f"num_environments is to be a multiple of num_learners = {self.num_learners}, "
                f"not {self.num_environments}"
            )


class ParallelApoPipeline(ApoPipeline):
    """APO's pipeline with several learners, of which the first is judged.

    Steps and updates are counted of all learners together, since the first may profit from what the
    others find: of a budget of N environment steps each of M learners takes about N / M. Episodes
    are logged and policies evaluated of the first only, which differs from the others in nothing
    but its random numbers. With anchors apart it learns as in `ApoPipeline` on N / M steps.
    """

    Config = ParallelApoConfig
    config: ParallelApoConfig

    def make_agent(self) -> ApoClipAgent:
        """The first learner's; the others' are made beside it."""
        config = self.config
        size = config.num_environments if config.share_anchors else self._share
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
        """Each learner's, in its environments."""
        policies = [agent.collect_policy for agent in self._agents]
        return CategoricalPolicy(StackedPolicies(policies), random)

    @property
    def observers(self) -> list[Observer]:
        """The log sees episodes end in the first learner's environments only."""
        return [self._log, self._remember]

    def learn(
        self, experience: trajectory.Trajectory, agent: ApoClipAgent | None = None
    ) -> tf_agent.LossInfo:
        """Each learner learns from what it collected itself, or `agent` alone from all of it.

        Returns:
          the losses of the first learner.
        """
        if agent is not None:
            return super().learn(experience, agent)
        shares = zip(self._shares(experience), self._agents, strict=True)
        first, *_ = [self.learn(share, learner) for share, learner in shares]
        return first

    @property
    def _share(self) -> int:
        """Environments of one learner."""
        return self.config.num_environments // self.config.num_learners

    def _shares(self, batch: types.NestedTensor) -> list[types.NestedTensor]:
        """What there is of each learner in tensors `[B, ...]`."""
        begins = range(0, self.config.num_environments, self._share)
        return [
            tf.nest.map_structure(lambda x, i=begin: x[i : i + self._share], batch)
            for begin in begins
        ]

    def _log(self, frame: trajectory.Trajectory) -> None:
        is_first = tf.range(self.config.num_environments) < self._share
        shown = tf.where(is_first, frame.next_step_type, StepType.MID)
        self.episode_log.observe(frame.replace(next_step_type=shown))

    def _remember(self, frame: trajectory.Trajectory) -> None:
        if self.config.share_anchors:
            self.agent.anchor_memory.observe(frame)
            return
        for agent, share in zip(self._agents, self._shares(frame), strict=True):
            agent.anchor_memory.observe(share)
