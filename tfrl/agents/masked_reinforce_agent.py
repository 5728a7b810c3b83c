"""REINFORCE that is not misled by padding, and a baseline that learns what it is to learn."""

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.reinforce import reinforce_agent
from tf_agents.trajectories import trajectory

from tfrl.agents.masking import masked_normalize, mean_weights


@gin.configurable
class MaskedReinforceAgent(reinforce_agent.ReinforceAgent):
    """TF-Agents' `ReinforceAgent` with four faults mended; the arguments are the same.

    Williams (1992), "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning"; with a value network, Sutton and Barto (2018), section 13.4.

    1. The stock agent fits the baseline to boundary frames too, whose target is the return of the
       episode that follows.
    2. It normalizes returns over every frame, so that padding episodes to one length moves the
       mean and the deviation.
    3. It takes the mean entropy over every frame, so that padding thins it out.
    4. It lets the policy's loss train the baseline through the advantage.
    """

    def total_loss(
        self,
        experience: trajectory.Trajectory,
        returns: tf.Tensor,
        weights: tf.Tensor | None,
        training: bool = False,
    ) -> tf_agent.LossInfo:
        """The loss of episodes `[B, T]` with `returns` `[B, T]`, where `weights` are not 0."""
        mask = tf.cast(~experience.is_boundary(), tf.float32)
        weights = mask if weights is None else weights * mask
        return super().total_loss(experience, returns, weights, training)

    def policy_gradient_loss(
        self, actions_distribution, actions, is_boundary, returns, num_episodes, weights=None
    ):
        """As the stock agent's; `returns` are advantages where there is a baseline.

        They arrive shifted and scaled by the stock agent; doing it again undoes that.
        """
        returns = tf.stop_gradient(returns)
        if self._normalize_returns:
            returns = masked_normalize(returns, tf.cast(weights > 0, tf.float32))
        return super().policy_gradient_loss(
            actions_distribution, actions, is_boundary, returns, num_episodes, weights
        )

    def entropy_regularization_loss(self, actions_distribution, weights=None):
        """The coefficient times the mean negative entropy, in nats, over the weighted frames."""
        return super().entropy_regularization_loss(actions_distribution, mean_weights(weights))
