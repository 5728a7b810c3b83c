"""The contract of a pipeline."""

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

# Episodes that may end within one compiled call; `Trainer` keeps its calls shorter than that.
LOG_CAPACITY = 20_000


class Pipeline(tf.Module, metaclass=abc.ABCMeta):
    """An agent in its environment, and one iteration of its training: collect, then learn.

    A subclass fills in `make_agent`, `make_collector`, `stochastic_policy` and `learn`. The base
    class builds everything once, in one order, and finds the networks by itself. A study names the
    class by its dotted path.
    """

    Config: ClassVar[type]  # a frozen dataclass of hyperparameters, each with a default

    def __init__(self, make_environment: MakeEnvironment, config: Any, num_environment_steps: int):
        """Builds the environment, the logs, the agent and the collector, in this order.

        Args:
          make_environment: loads the environment with the batch size it is given.
          config: an instance of `Config`.
          num_environment_steps: the length of training, for schedules.

        Raises:
          ValueError: training ends before learning begins.
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
        """Number of environments that are stepped together."""
        return getattr(self.config, "num_environments", 1)

    @property
    def initial_collect_steps(self) -> int:
        """Environment steps that are collected before learning begins."""
        return getattr(self.config, "initial_collect_steps", 0)

    @abc.abstractmethod
    def make_agent(self) -> tf_agent.TFAgent:
        """Makes networks and the agent. Called once, when `environment` and the logs are there.

        Give the agent `train_step_counter`, which counts the updates.
        """

    @abc.abstractmethod
    def make_collector(self) -> Collector:
        """Makes what collects the experience of one iteration. Called once, after `make_agent`.

        The collector acts by `stochastic_policy` and shows each frame to `episode_log.observe`.
        """

    @abc.abstractmethod
    def stochastic_policy(self, random: RandomStream) -> tf_policy.TFPolicy:
        """The policy that explores as training does at present, drawing from `random`."""

    @abc.abstractmethod
    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """Learns from what was collected. Runs in the graph, under XLA, in a loop.

        Returns:
          the loss, and in `extra` its components: a named tuple or a dict of tensors, each stored
          under its name as the mean over the batch.
        """

    def iterate(self) -> tf_agent.LossInfo:
        """One iteration of training: collect, then learn. The loop repeats it, in the graph."""
        experience = self.collector.collect()
        self.check_observed()
        return self.learn(experience)

    def check_observed(self) -> None:
        """Raises ValueError if the log sees no frames: training would never end."""
        if not self.episode_log.has_observed:
            raise ValueError(
                "make_collector must give the collector self.episode_log.observe as an observer: "
                "it counts the environment steps"
            )

    @property
    def agent(self) -> tf_agent.TFAgent:
        """What `make_agent` made."""
        return self._agent

    @agent.setter
    def agent(self, value: object) -> NoReturn:
        self._refuse("agent", "make_agent")

    @property
    def collector(self) -> Collector:
        """What `make_collector` made."""
        return self._collector

    @collector.setter
    def collector(self, value: object) -> NoReturn:
        self._refuse("collector", "make_collector")

    @property
    def policy(self) -> tf_policy.TFPolicy:
        """The greedy policy, for evaluation."""
        return self.agent.policy

    @property
    def policy_variables(self) -> dict[str, tf.Variable]:
        """All that the greedy policy computes with, by names that do not depend on the seed."""
        variables = tf.Module.variables.fget(self.policy)
        return {
            f"{i}:{variable.name}": variable
            for i, variable in enumerate(v for v in variables if v.dtype.is_floating)
        }

    @property
    def networks(self) -> list[keras.layers.Layer]:
        """The networks whose weights each seed draws: all that the agent and the policies hold.

        Those in an attribute named `_target_...` are left out. They are copies that
        `agent.initialize` makes.
        """
        found: list[keras.layers.Layer] = []
        covered: set[object] = set()
        for network, is_target in self._find_networks():
            weights = {weight.ref() for weight in network.trainable_variables}
            if not (is_target or weights <= covered):
                found.append(network)
                covered |= weights
        return found

    def _find_networks(self) -> Iterator[tuple[keras.layers.Layer, bool]]:
        """Every network and layer with weights, the outer one first, and whether it is a target."""
        for path, network in self._flatten(predicate=_is_trainable, with_path=True):
            yield network, any(str(part).lstrip("_").startswith("target") for part in path)

    def initialize(self, seed: int) -> None:
        """Draws weights and starts every random stream afresh. All else must be as when built.

        Raises:
          ValueError: two parts of the pipeline would draw the same numbers.
        """
        draw_weights(self.networks, RandomStream(Stream.WEIGHTS, seed))
        self.agent.initialize()
        taken = {Stream.WEIGHTS}
        for module in self.submodules:
            if isinstance(module, RandomStream):
                if module.stream in taken:
                    raise ValueError(
                        f"Stream.{module.stream.name} is used twice: give each RandomStream its own"
                    )
                taken.add(module.stream)
                module.reseed(seed)
        self.environment.reset()

    def check_trained(self, variables: Sequence[tf.Variable]) -> None:
        """Checks that the weights in compiled functions follow from the seed.

        Args:
          variables: all that the functions read or write.

        Raises:
          ValueError: a trainable one is in no network that `networks` finds.
        """
        known = {v.ref() for network, _ in self._find_networks() for v in network.variables}
        strange = [v.name for v in variables if v.trainable and v.ref() not in known]
        if strange:
            raise ValueError(
                f"the weights {', '.join(strange)} would not follow from the seed: keep their "
                "network in an attribute of the agent or of the pipeline"
            )

    def _refuse(self, name: str, method: str) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__}.{name} cannot be set: override {method}, since other parts "
            f"already use the first {name}"
        )


def _is_trainable(module: object) -> bool:
    return isinstance(module, keras.layers.Layer) and bool(module.trainable_variables)
