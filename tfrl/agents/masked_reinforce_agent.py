"""REINFORCE that is not misled by padding."""

from collections.abc import Callable

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.reinforce import reinforce_agent
from tf_agents.trajectories import trajectory

from tfrl.agents.masking import masked_normalize


@gin.configurable
class MaskedReinforceAgent(reinforce_agent.ReinforceAgent):
    """TF-Agents' `ReinforceAgent`, leaving out the frames between episodes; same arguments.

    Williams (1992), "Simple statistical gradient-following algorithms"; the baseline is Sutton and
    Barto's (2018, section 13.4). The stock agent fits the baseline to boundary frames too, whose
    target is the return of the episode that follows, and normalizes returns over every frame, so
    that the padding of episodes to one length moves the mean and the deviation.
    """

    _advantage_fn: Callable
    _normalize_returns: bool

    def total_loss(
        self,
        experience: trajectory.Trajectory,
        returns: tf.Tensor,
        weights: tf.Tensor | None,
        training: bool = False,
    ) -> tf_agent.LossInfo:
        """The loss of whole episodes `[B, T]` with `returns` `[B, T]`; see the stock agent."""
        mask = tf.cast(~experience.is_boundary(), tf.float32)
        weights = mask if weights is None else weights * mask
        stock_advantage_fn, stock_normalize = self._advantage_fn, self._normalize_returns

        def advantage_fn(returns, value_preds):
            advantages = stock_advantage_fn(returns, value_preds)
            return masked_normalize(advantages, mask) if stock_normalize else advantages

        self._advantage_fn, self._normalize_returns = advantage_fn, False
        try:
            return super().total_loss(experience, returns, weights, training)
        finally:
            self._advantage_fn, self._normalize_returns = stock_advantage_fn, stock_normalize
