"""PPO with clipping, its bootstrapping corrected."""

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.ppo import ppo_clip_agent
from tf_agents.trajectories import time_step as ts
from tf_agents.utils import value_ops

from tfrl.agents.masking import masked_normalize, mean_weights


@gin.configurable
class CorrectedPPOClipAgent(ppo_clip_agent.PPOClipAgent):
    """TF-Agents' `PPOClipAgent` with three faults mended; the arguments are the same.

    Schulman et al. (2017), "Proximal Policy Optimization Algorithms", equations 7 and 11. With V
    the value network, gamma the discount factor and lambda the GAE parameter, equation 11 reads

        A_t = delta_t + gamma * lambda * A_{t+1},   delta_t = r_t + gamma * V(s_{t+1}) - V(s_t).

    1. Where a rollout of T steps is cut in mid-episode, the stock agent puts V(s_{T-1}) for V(s_T)
       in the last delta (tensorflow/agents#953).
    2. Where an episode is truncated by a time limit, the stock agent takes the value of what would
       have come next for 0. It is V(s_{t+1}); only a terminal state has the value 0.
    3. The stock agent normalizes advantages and takes the mean of its losses over all frames,
       boundaries between episodes and the padding at the end of each rollout among them. Here only
       frames of experience count, except in the `clip_fraction` that is reported.

    It does not write the stock agent's debug summaries of rewards, returns and advantages.
    """

    def compute_advantages(self, rewards, returns, discounts, value_preds):
        """Advantages `[B, T]` from rewards, returns and discounts `[B, T]` and values `[B, T + 1]`.

        A discount is 0 on the last step of an episode; a bootstrap that is due there in spite of it
        must be in the reward already.
        """
        if not self._use_gae:
            return returns - value_preds[:, :-1]
        return value_ops.generalized_advantage_estimation(
            values=value_preds[:, :-1],
            final_value=value_preds[:, -1],
            rewards=rewards,
            discounts=discounts,
            td_lambda=self._lambda,
            time_major=False,
        )

    def compute_return_and_advantage(
        self, next_time_steps: ts.TimeStep, value_preds: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns and advantages, each `[B, T]`.

        Args:
          next_time_steps: what followed each action, tensors `[B, T]`.
          value_preds: V(s_0) to V(s_T), `[B, T + 1]`. The frame after an episode's last holds the
            state in which the episode ended, so V(s_{t+1}) is to be bootstrapped from there too.
        """
        rewards = next_time_steps.reward
        if self._reward_normalizer:
            rewards = self._reward_normalizer.normalize(
                rewards, center_mean=False, clip_value=self._reward_norm_clipping
            )
        discounts = self._discount_factor * next_time_steps.discount
        is_last = tf.cast(next_time_steps.is_last(), tf.float32)
        rewards += is_last * discounts * value_preds[:, 1:]
        discounts *= 1.0 - is_last

        returns = value_ops.discounted_return(
            rewards, discounts, time_major=False, final_value=value_preds[:, -1]
        )
        advantages = self.compute_advantages(rewards, returns, discounts, value_preds)
        if self._use_td_lambda_return and self._use_gae:
            returns = advantages + value_preds[:, :-1]
        return returns, advantages

    def get_loss(
        self,
        time_steps,
        actions,
        act_log_probs,
        returns,
        normalized_advantages,
        action_distribution_parameters,
        weights,
        *args,
        **kwargs,
    ) -> tf_agent.LossInfo:
        """PPO's loss (equation 9) over the frames whose `weights` are not 0.

        Advantages arrive shifted and scaled by the stock agent; doing it again undoes that.
        """
        return super().get_loss(
            time_steps,
            actions,
            act_log_probs,
            returns,
            masked_normalize(normalized_advantages, tf.cast(weights > 0, tf.float32)),
            action_distribution_parameters,
            mean_weights(weights),
            *args,
            **kwargs,
        )
