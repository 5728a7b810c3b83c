"""APO: PPO anchored to its best episodes."""

import dataclasses

from tfrl.agents.anchor_memory import SELECTIONS
from tfrl.agents.apo_clip_agent import LOSS_TYPES, ApoClipAgent, ApoLossInfo
from tfrl.components.collection import Observer
from tfrl.components.policies import linear_schedule
from tfrl.pipelines.checks import check_choice, check_not_negative, check_positive
from tfrl.pipelines.ppo import PpoConfig, PpoPipeline


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
