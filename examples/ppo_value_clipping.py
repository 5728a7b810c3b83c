"""PPO with two changes: clipped values, and an entropy bonus that falls over training.

tfrl run examples/ppo_value_clipping.toml
"""

import dataclasses

from tfrl.components.policies import linear_schedule
from tfrl.pipelines.ppo import CorrectedPPOClipAgent, PpoConfig, PpoPipeline


@dataclasses.dataclass(frozen=True)
class ValueClippingConfig(PpoConfig):
    """PPO's hyperparameters, one default changed and one field added."""

    entropy_regularization: float = 0.01  # weight of the policy's entropy at first; falls to 0
    value_clipping: float = 0.2  # how far a value may move from the old one, as in CleanRL


class FallingEntropyAgent(CorrectedPPOClipAgent):
    """PPO whose entropy bonus is multiplied by a schedule."""

    def __init__(self, *args, entropy_schedule, **kwargs):
        """Takes PPO's arguments, and a function that gives the present factor."""
        super().__init__(*args, **kwargs)
        self._entropy_schedule = entropy_schedule

    def entropy_regularization_loss(self, *args, **kwargs):
        """The loss of TF-Agents' agent times the factor, a scalar."""
        return self._entropy_schedule() * super().entropy_regularization_loss(*args, **kwargs)


class ValueClippingPipeline(PpoPipeline):
    """PPO's pipeline with that agent. All else is inherited."""

    Config = ValueClippingConfig

    def make_agent(self):
        """TF-Agents' agent clips values by itself; the schedule follows the steps taken."""
        steps = self.episode_log.environment_steps
        return self.make_ppo_agent(
            FallingEntropyAgent,
            value_clipping=self.config.value_clipping,
            entropy_schedule=linear_schedule(1.0, 0.0, self.num_environment_steps, steps),
        )
