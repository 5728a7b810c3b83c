"""DQN: learns action values off-policy from a replay buffer."""

import dataclasses

import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.dqn import dqn_agent
from tf_agents.networks import q_network
from tf_agents.trajectories import trajectory
from tf_agents.utils import common

from tfrl.components.collection import StepCollector
from tfrl.components.losses import repeat
from tfrl.components.optimizers import FlatAdam
from tfrl.components.policies import EpsilonGreedyPolicy, linear_schedule
from tfrl.components.randomness import RandomStream, Stream
from tfrl.components.replay_buffer import UniformReplayBuffer
from tfrl.pipelines.checks import check_fraction, check_non_negative, check_positive
from tfrl.pipelines.pipeline import Pipeline


@dataclasses.dataclass(frozen=True)
class DqnConfig:
    """Hyperparameters of DQN (Mnih et al., 2015).

    Defaults are those of TF-Agents' DQN tutorial unless noted; see studies/tuning.toml.
    """

    fc_layer_params: tuple[int, ...] = (100, 50)  # units of each hidden layer, ReLU
    num_environments: int = 1  # environments stepped together; one update for each of them
    learning_rate: float = 1e-3  # step size of Adam
    gamma: float = 0.99  # discount factor; tutorial: 1
    batch_size: int = 64  # transitions sampled per update
    replay_buffer_max_length: int = 100_000  # frames kept in the replay buffer
    initial_collect_steps: int = 100  # environment steps with random actions before learning begins
    initial_epsilon: float = 1.0  # probability of a random action at the start; tutorial: 0.1
    epsilon_greedy: float = 0.1  # probability of a random action after epsilon has fallen
    exploration_fraction: float = 0.1  # fraction of training over which epsilon falls linearly
    target_update_period: int = 500  # updates between copies to the target network; tutorial: 1
    huber_loss: bool = False  # Huber loss of the TD error instead of the squared error
    double: bool = False  # double DQN (van Hasselt et al., 2016)
    gradient_clipping: float = 0.0  # maximum norm of each variable's gradient; 0: no clipping

    def __post_init__(self):
        check_positive(
            self, "fc_layer_params", "learning_rate", "batch_size", "target_update_period"
        )
        check_positive(
            self, "num_environments", "replay_buffer_max_length", "initial_collect_steps"
        )
        check_fraction(self, "gamma", "initial_epsilon", "epsilon_greedy", "exploration_fraction")
        check_non_negative(self, "gradient_clipping")

    @property
    def frames_in_memory(self) -> int:
        """Frames held in memory at once."""
        return self.replay_buffer_max_length + 2 * self.batch_size


class DqnPipeline(Pipeline):
    """DQN. Each iteration takes one step and makes one update for each environment.

    A step that only resets an ended episode counts as an iteration, as in TF-Agents' drivers.
    """

    Config = DqnConfig

    def make_agent(self) -> dqn_agent.DqnAgent:
        """Builds TF-Agents' DQN agent, or its double DQN agent."""
        double = self.config.double
        return self.make_dqn_agent(dqn_agent.DdqnAgent if double else dqn_agent.DqnAgent)

    def make_dqn_agent(
        self, agent_class: type[dqn_agent.DqnAgent], **arguments
    ) -> dqn_agent.DqnAgent:
        """Builds an agent of `agent_class` from the config and further `arguments`."""
        config, environment = self.config, self.environment
        q_net = q_network.QNetwork(
            environment.observation_spec(),
            environment.action_spec(),
            fc_layer_params=config.fc_layer_params,
        )
        self._optimizer = FlatAdam(config.learning_rate)
        loss_fn = (
            common.element_wise_huber_loss
            if config.huber_loss
            else common.element_wise_squared_loss
        )
        return agent_class(
            environment.time_step_spec(),
            environment.action_spec(),
            q_network=q_net,
            optimizer=self._optimizer,
            td_errors_loss_fn=loss_fn,
            gamma=config.gamma,
            target_update_period=config.target_update_period,
            gradient_clipping=config.gradient_clipping or None,
            train_step_counter=self.train_step_counter,
            **arguments,
        )

    def make_collector(self) -> StepCollector:
        """Builds a collector of one step per environment, which fills the replay buffer."""
        config = self.config
        self._replay_buffer = UniformReplayBuffer(
            self.agent.collect_data_spec,
            batch_size=self.batch_size,
            max_length=-(-config.replay_buffer_max_length // self.batch_size),
            random=RandomStream(Stream.REPLAY),
        )
        return StepCollector(
            self.environment,
            self.stochastic_policy(RandomStream(Stream.POLICY)),
            [self.episode_log.observe, self._replay_buffer.add_batch],
        )

    def epsilon(self) -> tf.Tensor:
        """Returns the current probability of a random action, a scalar."""
        config, steps = self.config, self.episode_log.environment_steps
        duration = int(config.exploration_fraction * self.num_environment_steps)
        falling = linear_schedule(config.initial_epsilon, config.epsilon_greedy, duration, steps)
        return tf.where(steps < self.initial_collect_steps, 1.0, falling())

    def stochastic_policy(self, random: RandomStream) -> EpsilonGreedyPolicy:
        """Returns the epsilon-greedy policy with the current epsilon."""
        return EpsilonGreedyPolicy(self.agent.policy, self.epsilon, random)

    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """Updates from the replay buffer, which already contains the new frame.

        Mnih et al. (2015), equation 2. `agent.train` takes one gradient step on

            E[(r + gamma max_a' Q_target(s', a') - Q(s, a))^2].
        """

        def update(_):
            # Two consecutive frames form one transition.
            transitions, _ = self._replay_buffer.get_next(self.config.batch_size, num_steps=2)
            loss, losses = self.agent.train(transitions)
            return {
                "loss": loss,
                "td_error": tf.reduce_mean(tf.abs(losses.td_error)),
                "gradient_norm": self._optimizer.gradient_norm.read_value(),
            }

        # XLA would unroll a loop with one round and then copy the replay buffer in each iteration.
        # A number of rounds that depends on a variable prevents this.
        always_true = self.episode_log.environment_steps >= 0
        num_updates = tf.where(always_true, self.config.num_environments, 0)
        means = repeat(update, num_updates, ("loss", "td_error", "gradient_norm"))
        return tf_agent.LossInfo(means.pop("loss"), {**means, "epsilon": self.epsilon()})
