"""The base class of the algorithms."""

import abc
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, NoReturn

import tensorflow as tf
import tf_keras as keras
from tf_agents.agents import tf_agent
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy
from tf_agents.trajectories import trajectory

from tfrl.components.collection import Collector
from tfrl.components.logs import EpisodeLog, LossLog
from tfrl.components.networks import draw_weights
from tfrl.components.randomness import RandomStream, Stream
from tfrl.components.tracing import without_global_generators

MakeEnvironment = Callable[[int], tf_environment.TFEnvironment]

# Maximum number of episodes that may end within one compiled call. `Trainer` limits its calls.
LOG_CAPACITY = 20_000


class Pipeline(tf.Module, metaclass=abc.ABCMeta):
    """A training algorithm: environment, agent, collector, and one iteration of training.

    A subclass implements `make_agent`, `make_collector`, `stochastic_policy` and `learn`. The base
    class builds everything once, in a fixed order, and finds the networks automatically. A study
    names the class by its dotted path.
    """

    Config: ClassVar[type]  # a frozen dataclass of hyperparameters, each with a default

    def __init__(self, make_environment: MakeEnvironment, config: Any, num_environment_steps: int):
        """Builds the environment, the logs, the agent and the collector, in this order.

        Args:
          make_environment: a function from a batch size to an environment.
          config: an instance of `Config`.
          num_environment_steps: length of training in environment steps, for schedules.

        Raises:
          ValueError: training would end before learning begins.
        """
        super().__init__()
        self.config = config
        self.num_environment_steps = num_environment_steps
        if self.initial_collect_steps >= num_environment_steps:
            raise ValueError(
                f"initial_collect_steps must be below the {num_environment_steps} environment "
                f"steps of the run, got {self.initial_collect_steps}"
            )
        self.environment = make_environment(self.batch_size)
        self.episode_log = EpisodeLog(self.batch_size, LOG_CAPACITY)
        self.loss_log = LossLog(self.episode_log.environment_steps, num_environment_steps)
        self.train_step_counter = tf.Variable(0, dtype=tf.int64, trainable=False)
        with without_global_generators():
            self._agent = self.make_agent()
            self._collector = self.make_collector()

    @property
    def batch_size(self) -> int:
        """Number of environments stepped together."""
        return getattr(self.config, "num_environments", 1)

    @property
    def initial_collect_steps(self) -> int:
        """Environment steps collected before learning begins."""
        return getattr(self.config, "initial_collect_steps", 0)

    @abc.abstractmethod
    def make_agent(self) -> tf_agent.TFAgent:
        """Builds the networks and the agent. Called once; `environment` and the logs exist.

        Give the agent `train_step_counter`, which counts the updates.
        """

    @abc.abstractmethod
    def make_collector(self) -> Collector:
        """Builds the collector of one iteration's experience. Called once, after `make_agent`.

        The collector acts with `stochastic_policy` and passes each frame to `episode_log.observe`.
        """

    @abc.abstractmethod
    def stochastic_policy(self, random: RandomStream) -> tf_policy.TFPolicy:
        """Returns the policy that explores as training does now. It draws from `random`."""

    @abc.abstractmethod
    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """Learns from the collected experience. Runs in a loop inside an XLA-compiled graph.

        Returns:
          the loss, and in `extra` its components: a named tuple or a dict of tensors. The mean of
          each over the batch is stored under its name.
        """

    def iterate(self) -> tf_agent.LossInfo:
        """Runs one iteration of training: collects, then learns."""
        experience = self.collector.collect()
        self.check_observed()
        return self.learn(experience)

    def check_observed(self) -> None:
        """Raises ValueError if the log observes no frames, since training would never end."""
        if not self.episode_log.has_observed:
            raise ValueError(
                "make_collector must give the collector self.episode_log.observe as an observer: "
                "it counts the environment steps"
            )

    @property
    def agent(self) -> tf_agent.TFAgent:
        """The agent built by `make_agent`."""
        return self._agent

    @agent.setter
    def agent(self, value: object) -> NoReturn:
        self._refuse("agent", "make_agent")

    @property
    def collector(self) -> Collector:
        """The collector built by `make_collector`."""
        return self._collector

    @collector.setter
    def collector(self, value: object) -> NoReturn:
        self._refuse("collector", "make_collector")

    @property
    def policy(self) -> tf_policy.TFPolicy:
        """The greedy policy, which is evaluated."""
        return self.agent.policy

    @property
    def policy_variables(self) -> dict[str, tf.Variable]:
        """The floating-point variables of the greedy policy, by names independent of the seed."""
        variables = tf.Module.variables.fget(self.policy)
        return {
            f"{i}:{variable.name}": variable
            for i, variable in enumerate(v for v in variables if v.dtype.is_floating)
        }

    @property
    def networks(self) -> list[keras.layers.Layer]:
        """All networks of the agent and the policies. Their weights are drawn from the seed.

        Networks in an attribute named `_target_...` are excluded: `agent.initialize` copies their
        weights.
        """
        networks: list[keras.layers.Layer] = []
        covered: set[object] = set()
        for network, is_target in self._find_networks():
            weights = {weight.ref() for weight in network.trainable_variables}
            if not (is_target or weights <= covered):
                networks.append(network)
                covered |= weights
        return networks

    def _find_networks(self) -> Iterator[tuple[keras.layers.Layer, bool]]:
        """Yields layers with weights, outer ones first, and true for those of target networks."""
        for path, network in self._flatten(predicate=_is_trainable, with_path=True):
            yield network, any(str(part).lstrip("_").startswith("target") for part in path)

    def initialize(self, seed: int) -> None:
        """Draws the weights and seeds all random streams.

        All other variables must have their initial values.

        Raises:
          ValueError: two random streams would draw the same numbers.
        """
        draw_weights(self.networks, RandomStream(Stream.WEIGHTS, seed))
        self.agent.initialize()
        used = {Stream.WEIGHTS}
        for module in self.submodules:
            if isinstance(module, RandomStream):
                if module.stream in used:
                    raise ValueError(
                        f"Stream.{module.stream.name} is used twice; give each RandomStream its own"
                    )
                used.add(module.stream)
                module.reseed(seed)
        self.environment.reset()

    def check_trained(self, variables: Sequence[tf.Variable]) -> None:
        """Checks that all weights in compiled functions are drawn from the seed.

        Args:
          variables: all variables that the functions read or write.

        Raises:
          ValueError: a trainable variable belongs to no network of the pipeline.
        """
        drawn = {v.ref() for network, _ in self._find_networks() for v in network.variables}
        missing = [v.name for v in variables if v.trainable and v.ref() not in drawn]
        if missing:
            raise ValueError(
                "self.networks must contain every trained network; missing: "
                f"{', '.join(missing)} (keep the network in an attribute of the agent or pipeline)"
            )

    def _refuse(self, name: str, method: str) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__}.{name} cannot be set: override {method} instead, since other "
            f"objects already use the first {name}"
        )


def _is_trainable(module: object) -> bool:
    return isinstance(module, keras.layers.Layer) and bool(module.trainable_variables)
