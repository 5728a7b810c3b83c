"""A2C: an agent that TF-Agents does not have. Run it with `tfrl run examples/a2c.toml`."""

import dataclasses

import tensorflow as tf
import tf_keras as keras
from tf_agents.agents import tf_agent
from tf_agents.networks.actor_distribution_network import ActorDistributionNetwork
from tf_agents.networks.value_network import ValueNetwork
from tf_agents.policies import actor_policy, greedy_policy
from tf_agents.utils import value_ops

from tfrl.components.collection import RolloutCollector
from tfrl.components.policies import CategoricalPolicy
from tfrl.components.randomness import RandomStream, Stream
from tfrl.pipelines import Pipeline


@dataclasses.dataclass(frozen=True)
class A2cConfig:
    """Hyperparameters of A2C (Mnih et al., 2016). Defaults: Stable-Baselines3's."""

    fc_layer_params: tuple[int, ...] = (64, 64)  # units of each hidden layer of each network, tanh
    num_environments: int = 8  # environments stepped together
    collect_sequence_length: int = 5  # frames collected of each environment for an update
    learning_rate: float = 7e-4  # of RMSprop
    gamma: float = 0.99  # discount
    value_loss_coef: float = 0.5  # weight of the value network's loss


class A2cAgent(tf_agent.TFAgent):
    """Advantage actor-critic: the policy gradient against a learned value."""

    def __init__(self, time_step_spec, action_spec, config: A2cConfig, train_step_counter):
        spec = time_step_spec.observation
        layers = {"fc_layer_params": config.fc_layer_params, "activation_fn": tf.tanh}
        self._actor_net = ActorDistributionNetwork(spec, action_spec, **layers)
        self._value_net = ValueNetwork(spec, **layers)
        self._actor_net.create_variables()
        self._value_net.create_variables()
        self._optimizer = keras.optimizers.RMSprop(
            config.learning_rate, rho=0.99, epsilon=1e-5, global_clipnorm=0.5
        )
        self._config = config
        policy = actor_policy.ActorPolicy(time_step_spec, action_spec, self._actor_net)
        greedy = greedy_policy.GreedyPolicy(policy)
        specs = time_step_spec, action_spec
        super().__init__(*specs, greedy, policy, None, train_step_counter=train_step_counter)

    def _train(self, experience, weights=None):
        """One update from a rollout `[B, T + 1, ...]`. Its last frame only bootstraps.

        - E[A log pi(a|s)] + c E[(R - V(s))^2],   R_t = r_t + gamma R_{t+1},   A = R - V(s)

        with V in place of R_{t+1} where an episode or the rollout ends. The mean E leaves out the
        frames that reset an environment.
        """
        frames = tf.nest.map_structure(lambda x: x[:, :-1], experience)
        mask = tf.cast(~frames.is_boundary(), tf.float32)
        with tf.GradientTape() as tape:
            values, _ = self._value_net(experience.observation, experience.step_type)
            value, next_value = values[:, :-1], tf.stop_gradient(values[:, 1:])
            ended = tf.cast(frames.is_last(), tf.float32)
            discount = self._config.gamma * frames.discount  # 0 where the next state is terminal
            reward = frames.reward + ended * discount * next_value
            returns = value_ops.discounted_return(
                reward, discount * (1 - ended), next_value[:, -1], time_major=False
            )
            policy, _ = self._actor_net(frames.observation, frames.step_type, ())
            advantage = returns - tf.stop_gradient(value)
            policy_losses = -advantage * policy.log_prob(frames.action)
            losses = policy_losses + self._config.value_loss_coef * (returns - value) ** 2
            loss = tf.reduce_sum(mask * losses) / tf.maximum(tf.reduce_sum(mask), 1.0)
        variables = self._actor_net.trainable_variables + self._value_net.trainable_variables
        gradients = tape.gradient(loss, variables)
        self._optimizer.apply_gradients(zip(gradients, variables, strict=True))
        self.train_step_counter.assign_add(1)
        return tf_agent.LossInfo(loss, {"entropy": policy.entropy()})


class A2cPipeline(Pipeline):
    """Each iteration collects a short rollout of every environment and makes one update."""

    Config = A2cConfig

    def make_agent(self):
        specs = self.environment.time_step_spec(), self.environment.action_spec()
        return A2cAgent(*specs, self.config, self.train_step_counter)

    def stochastic_policy(self, random):
        return CategoricalPolicy(self.agent.collect_policy, random)

    def make_collector(self):
        policy = self.stochastic_policy(RandomStream(Stream.POLICY))
        num_frames = self.config.collect_sequence_length
        return RolloutCollector(self.environment, policy, num_frames, [self.episode_log.observe])

    def learn(self, experience):
        return self.agent.train(experience)
