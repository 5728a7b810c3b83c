"""PPO: several epochs of clipped policy-gradient updates on each rollout."""

import dataclasses

import tensorflow as tf
import tf_keras as keras
from tf_agents.agents.ppo import ppo_clip_agent
from tf_agents.networks import actor_distribution_network, value_network

from tfrl.agents.corrected_ppo_clip_agent import CorrectedPPOClipAgent
from tfrl.components.collection import Observer, collect_rollout
from tfrl.components.policies import CategoricalPolicy, linear_schedule
from tfrl.pipelines.pipeline import MakeEnvironment, Pipeline, check
from tfrl.randomness import RandomStream, Stream


@dataclasses.dataclass(frozen=True)
class PpoConfig:
    """Hyperparameters of PPO (Schulman et al., 2017). Defaults: rl-zoo3's for CartPole-v1.

    Two things differ from rl-zoo3: the clipping range is constant where rl-zoo3 lets it fall to 0
    (the agent takes a constant), and weights start from the initializers of TF-Agents' networks
    where Stable-Baselines3 has orthogonal ones.
    """

    fc_layer_params: tuple[int, ...] = (64, 64)  # units of each hidden layer of each network, tanh
    num_environments: int = 8  # environments stepped together
    collect_sequence_length: int = 32  # frames collected of each environment for an iteration
    num_epochs: int = 20  # full-batch updates on each rollout
    learning_rate: float = 1e-3  # of Adam
    anneal_learning_rate: bool = True  # whether it falls to 0 over training, linearly
    adam_epsilon: float = 1e-5  # of Adam, as in Stable-Baselines3
    importance_ratio_clipping: float = 0.2  # epsilon of the clipped objective
    discount_factor: float = 0.98  # gamma
    lambda_value: float = 0.8  # lambda of generalized advantage estimation
    value_pred_loss_coef: float = 0.5  # what the value network's loss counts
    entropy_regularization: float = 0.0  # what the entropy of the policy counts
    policy_l2_reg: float = 0.0  # L2 penalty on the policy's weights
    value_function_l2_reg: float = 0.0  # L2 penalty on the value network's weights
    gradient_clipping: float = 0.5  # largest norm of the whole gradient
    stock_agent: bool = False  # TF-Agents' agent as it is, without our corrections

    def __post_init__(self):
        check(
            self,
            fc_layer_params=all(units > 0 for units in self.fc_layer_params),
            num_environments=self.num_environments > 0,
            collect_sequence_length=self.collect_sequence_length > 0,
            num_epochs=self.num_epochs > 0,
            learning_rate=self.learning_rate > 0,
            adam_epsilon=self.adam_epsilon > 0,
            importance_ratio_clipping=self.importance_ratio_clipping >= 0,
            discount_factor=0 <= self.discount_factor <= 1,
            lambda_value=0 <= self.lambda_value <= 1,
            value_pred_loss_coef=self.value_pred_loss_coef >= 0,
            entropy_regularization=self.entropy_regularization >= 0,
            policy_l2_reg=self.policy_l2_reg >= 0,
            value_function_l2_reg=self.value_function_l2_reg >= 0,
            gradient_clipping=self.gradient_clipping >= 0,
        )


class PpoPipeline(Pipeline):
    """Each iteration collects a rollout of every environment and makes `num_epochs` updates."""

    Config = PpoConfig

    def __init__(
        self, make_environment: MakeEnvironment, config: PpoConfig, num_environment_steps: int
    ):
        super().__init__(make_environment(config.num_environments))
        self._config = config
        self._num_environment_steps = num_environment_steps
        environment = self.environment

        self._actor_net = actor_distribution_network.ActorDistributionNetwork(
            environment.observation_spec(),
            environment.action_spec(),
            fc_layer_params=config.fc_layer_params,
            activation_fn=keras.activations.tanh,
        )
        self._value_net = value_network.ValueNetwork(
            environment.observation_spec(),
            fc_layer_params=config.fc_layer_params,
            activation_fn=keras.activations.tanh,
        )
        self.networks = [self._actor_net, self._value_net]
        self._optimizer = keras.optimizers.Adam(config.learning_rate, epsilon=config.adam_epsilon)
        self._learning_rate = linear_schedule(
            config.learning_rate,
            0.0 if config.anneal_learning_rate else config.learning_rate,
            num_environment_steps,
            self.episode_log.environment_steps,
        )
        self.agent = self.create_agent()
        self._collect_policy = CategoricalPolicy(
            self.agent.collect_policy, RandomStream(Stream.POLICY)
        )

    def create_agent(self) -> ppo_clip_agent.PPOClipAgent:
        """The agent that this pipeline trains."""
        stock = self._config.stock_agent
        return self.build_agent(ppo_clip_agent.PPOClipAgent if stock else CorrectedPPOClipAgent)

    def build_agent(
        self, agent_class: type[ppo_clip_agent.PPOClipAgent], **arguments
    ) -> ppo_clip_agent.PPOClipAgent:
        """An agent of that class, with `arguments` beside those of `PPOClipAgent`."""
        config = self._config
        return agent_class(
            time_step_spec=self.environment.time_step_spec(),
            action_spec=self.environment.action_spec(),
            optimizer=self._optimizer,
            actor_net=self._actor_net,
            value_net=self._value_net,
            importance_ratio_clipping=config.importance_ratio_clipping,
            lambda_value=config.lambda_value,
            discount_factor=config.discount_factor,
            entropy_regularization=config.entropy_regularization,
            policy_l2_reg=config.policy_l2_reg,
            value_function_l2_reg=config.value_function_l2_reg,
            value_pred_loss_coef=config.value_pred_loss_coef,
            gradient_clipping=config.gradient_clipping,
            use_gae=True,
            use_td_lambda_return=True,
            normalize_rewards=False,
            normalize_observations=False,
            # Advantages are computed once for each rollout, and the epochs are our own loop: epochs
            # inside `train` are unrolled by Python and take long to compile.
            compute_value_and_advantage_in_train=False,
            update_normalizers_in_train=False,
            num_epochs=1,
            aggregate_losses_across_replicas=False,
            train_step_counter=tf.Variable(0, dtype=tf.int64, trainable=False),
            **arguments,
        )

    @property
    def observers(self) -> list[Observer]:
        """What is shown each frame collected."""
        return [self.episode_log.observe]

    def iterate(self) -> None:
        """One rollout, several epochs of full-batch updates on it."""
        self._optimizer.learning_rate.assign(self._learning_rate())
        rollout = collect_rollout(
            self.environment,
            self._collect_policy,
            self._config.collect_sequence_length,
            self.observers,
        )
        experience = self.agent.preprocess_sequence(rollout)

        def train(epoch):
            self.agent.train(experience)
            return [epoch + 1]

        tf.while_loop(lambda epoch: epoch < self._config.num_epochs, train, [0])
