"""PPO: several epochs of clipped policy-gradient updates per rollout."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import gin
import tensorflow as tf
import tf_keras as keras
from tf_agents.agents import tf_agent
from tf_agents.agents.ppo import ppo_agent, ppo_clip_agent, ppo_utils
from tf_agents.networks import actor_distribution_network, value_network
from tf_agents.policies import tf_policy
from tf_agents.trajectories import time_step as ts
from tf_agents.trajectories import trajectory
from tf_agents.utils import common, value_ops

from tfrl.components import randomness
from tfrl.components.collection import Observer, RolloutCollector
from tfrl.components.losses import Scalars, masked_normalize, mean_weights, repeat
from tfrl.components.optimizers import FlatAdam
from tfrl.components.policies import CategoricalPolicy, linear_schedule
from tfrl.components.randomness import RandomStream, Stream
from tfrl.pipelines.checks import check_fraction, check_non_negative, check_positive
from tfrl.pipelines.pipeline import Pipeline


@dataclasses.dataclass(frozen=True)
class PpoConfig:
    """Hyperparameters of PPO (Schulman et al., 2017). Defaults: rl-zoo3's for CartPole-v1.

    Differences from rl-zoo3: the clipping range is constant instead of falling to 0; weights have
    the initializers of TF-Agents' networks instead of orthogonal ones; a rollout's 32 frames
    include those that reset an environment, which are not learned from.
    """

    fc_layer_params: tuple[int, ...] = (64, 64)  # units of each hidden layer of each network, tanh
    num_environments: int = 8  # environments stepped together
    collect_sequence_length: int = 32  # frames per environment and rollout
    num_epochs: int = 20  # passes over each rollout
    minibatch_size: int = 256  # frames per update; a smaller rollout is one minibatch
    learning_rate: float = 1e-3  # step size of Adam
    anneal_learning_rate: bool = True  # decrease the learning rate linearly to 0 over training
    adam_epsilon: float = 1e-5  # epsilon of Adam, as in Stable-Baselines3
    importance_ratio_clipping: float = 0.2  # epsilon of the clipped objective
    discount_factor: float = 0.98  # gamma
    lambda_value: float = 0.8  # lambda of generalized advantage estimation
    value_pred_loss_coef: float = 0.5  # weight of the value network's loss
    entropy_regularization: float = 0.0  # weight of the policy's entropy in nats
    policy_l2_reg: float = 0.0  # weight of the L2 penalty on the policy's kernels
    value_function_l2_reg: float = 0.0  # weight of the L2 penalty on the value network's kernels
    gradient_clipping: float = 0.5  # maximum norm of the gradient of all variables; 0: no clipping
    normalize_observations: bool = False  # by mean and deviation of all observations learned from
    stock_agent: bool = False  # use TF-Agents' agent without the corrections below

    def __post_init__(self):
        check_positive(self, "fc_layer_params", "num_environments", "collect_sequence_length")
        check_positive(self, "num_epochs", "minibatch_size")
        if self.rollout_frames % min(self.minibatch_size, self.rollout_frames):
            raise ValueError(
                f"minibatch_size must divide the {self.rollout_frames} frames of a rollout, "
                f"got {self.minibatch_size}"
            )
        check_positive(self, "learning_rate", "adam_epsilon", "importance_ratio_clipping")
        check_fraction(self, "discount_factor", "lambda_value")
        check_non_negative(self, "value_pred_loss_coef", "entropy_regularization")
        check_non_negative(self, "policy_l2_reg", "value_function_l2_reg", "gradient_clipping")
        if self.stock_agent and (self.policy_l2_reg or self.value_function_l2_reg):
            raise ValueError(
                "policy_l2_reg and value_function_l2_reg must be 0 with stock_agent: TF-Agents "
                "sums penalties in an order that differs between processes, and so does the loss"
            )

    @property
    def rollout_frames(self) -> int:
        """Frames of all environments that one iteration learns from."""
        return self.num_environments * self.collect_sequence_length

    @property
    def frames_in_memory(self) -> int:
        """Frames held in memory at once."""
        return self.num_environments * self.collect_sequence_length


@gin.configurable
class CorrectedPPOClipAgent(ppo_clip_agent.PPOClipAgent):
    """TF-Agents' `PPOClipAgent` with four corrections. The arguments are the same.

    Schulman et al. (2017), "Proximal Policy Optimization Algorithms", equations 7 and 11. With V
    the value network, gamma the discount factor and lambda the GAE parameter, equation 11 is

        A_t = delta_t + gamma * lambda * A_{t+1},   delta_t = r_t + gamma * V(s_{t+1}) - V(s_t).

    1. If a rollout of T steps ends in mid-episode, the last delta needs V(s_T). The stock agent
       uses V(s_{T-1}) instead (tensorflow/agents#953).
    2. If a time limit truncates an episode, the last delta needs V(s_{t+1}). The stock agent uses
       0, which is right for terminal states only.
    3. Advantages are normalized, and losses averaged, over frames of experience only. The stock
       agent includes episode boundaries and padding. The reported `clip_fraction` still does.
    4. L2 penalties are summed in the order of the networks. The stock agent sums in the order of a
       set of objects, which differs between processes, and so does the last bit of the loss.

    The stock agent's debug summaries of rewards, returns and advantages are not written.
    """

    def compute_return_and_advantage(
        self, next_time_steps: ts.TimeStep, value_preds: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Computes returns and advantages, each `[B, T]`.

        Args:
          next_time_steps: the time step after each action, tensors `[B, T]`.
          value_preds: V(s_0) to V(s_T), `[B, T + 1]`. The frame after an episode's last one holds
            the state in which the episode ended, so V(s_{t+1}) is correct there too.
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
        values, final_value = value_preds[:, :-1], value_preds[:, -1]
        returns = value_ops.discounted_return(
            rewards, discounts, time_major=False, final_value=final_value
        )
        if not self._use_gae:
            return returns, returns - values
        advantages = value_ops.generalized_advantage_estimation(
            values, final_value, discounts, rewards, self._lambda, time_major=False
        )
        return advantages + values if self._use_td_lambda_return else returns, advantages

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
        """Computes PPO's loss (equation 9) over the frames whose `weights` are not 0.

        The stock agent has normalized advantages over all frames. Normalizing again undoes that.
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

    def l2_regularization_loss(self, debug_summaries: bool = False) -> tf.Tensor:
        """Computes the sum of `coefficient * sum(w^2)` over the kernels `w` of both networks.

        A kernel that both networks share counts once, with `shared_vars_l2_reg`.
        """
        policy, value = self._actor_net.trainable_weights, self._value_net.trainable_weights
        shared = {id(w) for w in policy} & {id(w) for w in value}
        terms = [
            (w, self._shared_vars_l2_reg if id(w) in shared else self._policy_l2_reg)
            for w in policy
        ]
        terms += [(w, self._value_function_l2_reg) for w in value if id(w) not in shared]
        return tf.add_n([tf.reduce_sum(tf.square(w)) * c for w, c in terms if "kernel" in w.name])


class PpoPipeline(Pipeline):
    """PPO. Each iteration collects one rollout per environment and learns in minibatches."""

    Config = PpoConfig
    losses: ClassVar[tuple[str, ...]] = ppo_agent.PPOLossInfo._fields  # loss terms of the agent

    def make_agent(self) -> ppo_clip_agent.PPOClipAgent:
        """Builds the corrected agent, or TF-Agents' own if `stock_agent` is set."""
        stock = self.config.stock_agent
        return self.make_ppo_agent(ppo_clip_agent.PPOClipAgent if stock else CorrectedPPOClipAgent)

    def make_ppo_agent(
        self, agent_class: type[ppo_clip_agent.PPOClipAgent], **arguments
    ) -> ppo_clip_agent.PPOClipAgent:
        """Builds an agent of `agent_class` from the config and further `arguments`."""
        config, environment = self.config, self.environment
        observation_spec, action_spec = environment.observation_spec(), environment.action_spec()
        layers = {
            "fc_layer_params": config.fc_layer_params,
            "activation_fn": keras.activations.tanh,
        }
        actor_net = actor_distribution_network.ActorDistributionNetwork(
            observation_spec, action_spec, **layers
        )
        value_net = value_network.ValueNetwork(observation_spec, **layers)
        return agent_class(
            time_step_spec=environment.time_step_spec(),
            action_spec=action_spec,
            optimizer=FlatAdam(  # clips the gradient after recording its norm
                config.learning_rate,
                epsilon=config.adam_epsilon,
                global_clipnorm=config.gradient_clipping or None,
            ),
            actor_net=actor_net,
            value_net=value_net,
            importance_ratio_clipping=config.importance_ratio_clipping,
            lambda_value=config.lambda_value,
            discount_factor=config.discount_factor,
            entropy_regularization=config.entropy_regularization,
            policy_l2_reg=config.policy_l2_reg,
            value_function_l2_reg=config.value_function_l2_reg,
            value_pred_loss_coef=config.value_pred_loss_coef,
            use_gae=True,
            use_td_lambda_return=True,
            normalize_rewards=False,
            normalize_observations=config.normalize_observations,
            # `learn` computes advantages once per rollout and loops over epochs. Epochs inside
            # `train` would be unrolled by Python, which takes long to compile.
            compute_value_and_advantage_in_train=False,
            update_normalizers_in_train=False,
            num_epochs=1,
            aggregate_losses_across_replicas=False,
            train_step_counter=self.train_step_counter,
            **arguments,
        )

    def make_collector(self) -> RolloutCollector:
        """Builds a collector of one rollout per environment."""
        self._minibatch_random = RandomStream(Stream.MINIBATCHES)
        return RolloutCollector(
            self.environment,
            self.training_policy(RandomStream(Stream.POLICY)),
            self.config.collect_sequence_length,
            self.observers,
        )

    @property
    def learning_rate(self) -> Callable[[], tf.Tensor]:
        """The schedule of the learning rate: a function that returns its current value."""
        config, steps = self.config, self.episode_log.environment_steps
        end = 0.0 if config.anneal_learning_rate else config.learning_rate
        return linear_schedule(config.learning_rate, end, self.num_environment_steps, steps)

    @property
    def observers(self) -> list[Observer]:
        """Functions called with each collected frame."""
        return [self.episode_log.observe]

    def training_policy(self, random: RandomStream) -> tf_policy.TFPolicy:
        """Returns the policy that acts in training."""
        return self.stochastic_policy(random)

    def stochastic_policy(self, random: RandomStream) -> CategoricalPolicy:
        """Returns the policy that samples the actor's distribution."""
        return CategoricalPolicy(self.agent.collect_policy, random)

    def learn(
        self, experience: trajectory.Trajectory, agent: ppo_clip_agent.PPOClipAgent | None = None
    ) -> tf_agent.LossInfo:
        """Makes `num_epochs` passes over a rollout, each in newly drawn minibatches.

        Schulman et al. (2017), equations 7 and 9. With r = pi(a|s) / pi_old(a|s), advantages A of
        mean 0 and deviation 1, and returns R, each update is one gradient step on

            - E[min(r A, clip(r, 1 - epsilon, 1 + epsilon) A)]
            + value_pred_loss_coef E[(V(s) - R)^2] - entropy_regularization E[H(pi(.|s))].

        Args:
          experience: `[B, T + 1, ...]`. The last frame is used for bootstrapping only.
          agent: the agent that learns; default: `self.agent`.

        Returns:
          mean losses over all updates, and entropy and KL divergence after the last one.
        """
        agent = agent or self.agent
        agent._optimizer.learning_rate.assign(self.learning_rate())
        # `preprocess_sequence` adds returns and advantages, and pads by one frame of weight 0.
        rollout = tf.nest.map_structure(  # [B, T, ...]
            lambda x: x[:, : self.config.collect_sequence_length],
            agent.preprocess_sequence(experience),
        )
        frames = tf.nest.map_structure(lambda x: tf.reshape(x, [-1, 1, *x.shape[2:]]), rollout)
        num_frames = frames.reward.shape[0]
        size = min(self.config.minibatch_size, num_frames)

        def update(minibatch: trajectory.Trajectory) -> Scalars:  # [N, 1, ...]
            loss, losses = agent.train(minibatch)  # minimizes `agent.get_loss`
            norm = agent._optimizer.gradient_norm.read_value()
            return {"loss": loss, **losses._asdict(), "gradient_norm": norm}

        def epoch(_) -> Scalars:
            if size == num_frames:
                return update(frames)
            order = randomness.permutation(self._minibatch_random.next(), num_frames)
            rows = tf.reshape(order, [-1, size])
            return repeat(
                lambda i: update(tf.nest.map_structure(lambda x: tf.gather(x, rows[i]), frames)),
                num_frames // size,
                names,
            )

        names = ("loss", *self.losses, "gradient_norm")
        means = repeat(epoch, self.config.num_epochs, names)
        change = self._change_of_policy(agent, rollout)
        # After the updates, which must normalize observations as the acting policy did.
        agent.update_observation_normalizer(experience.observation)
        return tf_agent.LossInfo(means.pop("loss"), {**means, **change})

    def _change_of_policy(
        self, agent: ppo_clip_agent.PPOClipAgent, rollout: trajectory.Trajectory
    ) -> Scalars:
        """Returns mean entropy and mean KL(before || now) over frames of experience, in nats."""
        time_steps = ts.TimeStep(
            rollout.step_type, rollout.reward, rollout.discount, rollout.observation
        )
        policy = agent.collect_policy.distribution(time_steps, ()).action
        divergence = agent._kl_divergence(time_steps, rollout.policy_info["dist_params"], policy)
        entropy = common.entropy(policy, agent.action_spec, 2)
        weights = ppo_utils.make_trajectory_mask(rollout)
        count = tf.maximum(tf.reduce_sum(weights), 1.0)
        return {
            "entropy": tf.reduce_sum(weights * entropy) / count,
            "kl_divergence": tf.reduce_sum(weights * divergence) / count,
        }
