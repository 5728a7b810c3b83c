"""REINFORCE: the plain policy gradient, from whole episodes."""

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
from tfrl.pipelines.checks import check_not_negative, check_positive, check_share
from tfrl.pipelines.pipeline import Pipeline


@dataclasses.dataclass(frozen=True)
class ReinforceConfig:
    """Hyperparameters of REINFORCE (Williams, 1992). Defaults: TF-Agents' REINFORCE tutorial."""

    fc_layer_params: tuple[int, ...] = (100,)  # units of each hidden layer of either network
    learning_rate: float = 1e-3  # of Adam
    gamma: float = 1.0  # discount
    collect_episodes_per_iteration: int = 2  # episodes played for each update
    normalize_returns: bool = True  # over the steps of one update
    use_value_network: bool = False  # whether returns are compared with a learned baseline
    value_estimation_loss_coef: float = 0.2  # what the baseline's loss counts
    entropy_regularization: float = 0.0  # what the entropy of the policy counts, in nats a step
    gradient_clipping: float = 0.0  # largest norm of each gradient, 0 for any

    def __post_init__(self):
        check_positive(self, "fc_layer_params", "learning_rate", "collect_episodes_per_iteration")
        check_share(self, "gamma")
        check_not_negative(
            self, "value_estimation_loss_coef", "entropy_regularization", "gradient_clipping"
        )

    @property
    def frames_in_memory(self) -> int:
        """Frames that are held in memory at once, of episodes of one step at least."""
        return self.collect_episodes_per_iteration


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


class ReinforcePipeline(Pipeline):
    """Each iteration plays one episode in each environment and makes one update."""

    Config = ReinforceConfig

    @property
    def batch_size(self) -> int:
        """An environment for each episode of an update."""
        return self.config.collect_episodes_per_iteration

    def make_agent(self) -> MaskedReinforceAgent:
        """REINFORCE, with a baseline if the config says so."""
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
        """One whole episode of each environment."""
        return EpisodeCollector(
            self.environment,
            self.stochastic_policy(RandomStream(Stream.POLICY)),
            self.environment.time_limit,
            [self.episode_log.observe],
        )

    def stochastic_policy(self, random: RandomStream) -> CategoricalPolicy:
        """Samples the actor's distribution."""
        return CategoricalPolicy(self.agent.collect_policy, random)

    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """One update from all episodes.

        Williams (1992). `agent.train` makes a step down the gradient of

            - sum_t G_t log pi(a_t|s_t) / episodes,   G_t = r_t + gamma G_{t+1}.
        """
        loss, losses = self.agent.train(experience)
        norm = self._optimizer.gradient_norm.read_value()
        return tf_agent.LossInfo(loss, {**losses._asdict(), "gradient_norm": norm})
