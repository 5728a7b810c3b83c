"""REINFORCE: the basic policy gradient, estimated from complete episodes."""

import dataclasses

import gin
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.reinforce import reinforce_agent
from tf_agents.networks import actor_distribution_network, value_network
from tf_agents.trajectories import trajectory

from tfrl.components.collection import EpisodeCollector
from tfrl.components.losses import masked_normalize, mean_weights
from tfrl.components.optimizers import FlatAdam
from tfrl.components.policies import CategoricalPolicy
from tfrl.components.randomness import RandomStream, Stream
from tfrl.pipelines.checks import check_fraction, check_non_negative, check_positive
from tfrl.pipelines.pipeline import Pipeline


@dataclasses.dataclass(frozen=True)
class ReinforceConfig:
    """Hyperparameters of REINFORCE (Williams, 1992). Defaults: TF-Agents' REINFORCE tutorial."""

    fc_layer_params: tuple[int, ...] = (100,)  # units of each hidden layer of each network, ReLU
    learning_rate: float = 1e-3  # step size of Adam
    gamma: float = 1.0  # discount factor
    collect_episodes_per_iteration: int = 2  # episodes per update, one in each environment
    normalize_returns: bool = True  # to mean 0 and deviation 1 over the steps of an update
    use_value_network: bool = False  # subtract a learned baseline V(s) from the returns
    value_estimation_loss_coef: float = 0.2  # weight of the baseline's loss
    entropy_regularization: float = 0.0  # weight of the policy's mean entropy in nats
    gradient_clipping: float = 0.0  # maximum norm of each variable's gradient; 0: no clipping

    def __post_init__(self):
        check_positive(self, "fc_layer_params", "learning_rate", "collect_episodes_per_iteration")
        check_fraction(self, "gamma")
        check_non_negative(
            self, "value_estimation_loss_coef", "entropy_regularization", "gradient_clipping"
        )

    @property
    def frames_in_memory(self) -> int:
        """Frames held in memory at once, at least: one per episode."""
        return self.collect_episodes_per_iteration


@gin.configurable
class MaskedReinforceAgent(reinforce_agent.ReinforceAgent):
    """TF-Agents' `ReinforceAgent` with four corrections. The arguments are the same.

    Williams (1992), "Simple statistical gradient-following algorithms for connectionist
    reinforcement learning"; with a value network, Sutton and Barto (2018), section 13.4.

    1. The stock agent also fits the baseline to boundary frames, whose target is the return of the
       next episode. Here it does not.
    2. The stock agent normalizes returns over all frames, so padding episodes to one length changes
       mean and deviation. Here padding is excluded.
    3. The stock agent averages the entropy over all frames, so padding lowers it. Here padding is
       excluded.
    4. In the stock agent, the policy's loss also trains the baseline, through the advantage. Here
       the advantage is a constant.
    """

    def total_loss(
        self,
        experience: trajectory.Trajectory,
        returns: tf.Tensor,
        weights: tf.Tensor | None,
        training: bool = False,
    ) -> tf_agent.LossInfo:
        """Returns the loss of episodes `[B, T]` with `returns` `[B, T]`; boundaries weigh 0."""
        mask = tf.cast(~experience.is_boundary(), tf.float32)
        weights = mask if weights is None else weights * mask
        return super().total_loss(experience, returns, weights, training)

    def policy_gradient_loss(
        self, actions_distribution, actions, is_boundary, returns, num_episodes, weights=None
    ):
        """Returns the stock agent's loss; with a baseline, `returns` are advantages.

        The stock agent has normalized them over all frames. Normalizing again undoes that.
        """
        returns = tf.stop_gradient(returns)
        if self._normalize_returns:
            returns = masked_normalize(returns, tf.cast(weights > 0, tf.float32))
        return super().policy_gradient_loss(
            actions_distribution, actions, is_boundary, returns, num_episodes, weights
        )

    def entropy_regularization_loss(self, actions_distribution, weights=None):
        """Returns the coefficient times the mean negative entropy of the weighted frames."""
        return super().entropy_regularization_loss(actions_distribution, mean_weights(weights))


class ReinforcePipeline(Pipeline):
    """REINFORCE. Each iteration plays one episode per environment and makes one update."""

    Config = ReinforceConfig

    @property
    def batch_size(self) -> int:
        """Number of environments: one per episode of an update."""
        return self.config.collect_episodes_per_iteration

    def make_agent(self) -> MaskedReinforceAgent:
        """Builds the REINFORCE agent, with a baseline if `use_value_network` is set."""
        config, environment = self.config, self.environment
        actor_net = actor_distribution_network.ActorDistributionNetwork(
            environment.observation_spec(),
            environment.action_spec(),
            fc_layer_params=config.fc_layer_params,
        )
        value_net = None
        if config.use_value_network:
            value_net = value_network.ValueNetwork(
                environment.observation_spec(), fc_layer_params=config.fc_layer_params
            )
        self._optimizer = FlatAdam(config.learning_rate)
        return MaskedReinforceAgent(
            environment.time_step_spec(),
            environment.action_spec(),
            actor_network=actor_net,
            value_network=value_net,
            optimizer=self._optimizer,
            value_estimation_loss_coef=config.value_estimation_loss_coef,
            gamma=config.gamma,
            normalize_returns=config.normalize_returns,
            gradient_clipping=config.gradient_clipping or None,
            entropy_regularization=config.entropy_regularization or None,
            train_step_counter=self.train_step_counter,
        )

    def make_collector(self) -> EpisodeCollector:
        """Builds a collector of one complete episode per environment."""
        return EpisodeCollector(
            self.environment,
            self.stochastic_policy(RandomStream(Stream.POLICY)),
            self.environment.time_limit,
            [self.episode_log.observe],
        )

    def stochastic_policy(self, random: RandomStream) -> CategoricalPolicy:
        """Returns the policy that samples the actor's distribution."""
        return CategoricalPolicy(self.agent.collect_policy, random)

    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """Makes one update from all episodes.

        Williams (1992). `agent.train` takes one gradient step on

            - sum_t G_t log pi(a_t|s_t) / episodes,   G_t = r_t + gamma G_{t+1}.
        """
        loss, losses = self.agent.train(experience)
        norm = self._optimizer.gradient_norm.read_value()
        return tf_agent.LossInfo(loss, {**losses._asdict(), "gradient_norm": norm})
