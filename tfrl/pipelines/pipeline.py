"""What every pipeline is."""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.environments import tf_environment
from tf_agents.networks import network
from tf_agents.policies import tf_policy
from tf_agents.trajectories import trajectory

from tfrl.components.collection import Collector
from tfrl.components.episodes import EpisodeLog
from tfrl.components.losses import LossLog
from tfrl.components.networks import draw_weights
from tfrl.randomness import RandomStream, Stream

MakeEnvironment = Callable[[int], tf_environment.TFEnvironment]

# Episodes that may end within one compiled call; `Trainer` keeps its calls shorter than that.
LOG_CAPACITY = 20_000


class Pipeline(tf.Module, metaclass=abc.ABCMeta):
    """An agent in its environment, and what one iteration of its training is: collect, then learn.

    To write one: build `networks`, an `agent` and a `collector` in `__init__`, and say in
    `stochastic_policy` how it explores and in `learn` what it makes of what was collected. A study
    names the class by its dotted path.
    """

    Config: ClassVar[type]  # a frozen dataclass of hyperparameters, each with a default

    agent: tf_agent.TFAgent
    networks: list[network.Network]  # those whose weights each seed draws anew
    collector: Collector  # collects what one iteration learns from
    initial_collect_steps: int = 0  # environment steps collected before learning begins

    def __init__(
        self,
        make_environment: MakeEnvironment,
        config: Any,
        num_environment_steps: int,
        batch_size: int = 1,
    ):
        """Makes the environment and the log of its episodes.

        Args:
          make_environment: loads the environment with the batch size it is given.
          config: an instance of `Config`.
          num_environment_steps: how long training will be, for schedules.
          batch_size: number of environments, for the subclass to decide.
        """
        super().__init__()
        self.config = config
        self.num_environment_steps = num_environment_steps
        self.environment = make_environment(batch_size)
        self.episode_log = EpisodeLog(batch_size, LOG_CAPACITY)
        self.loss_log = LossLog(self.episode_log.environment_steps, num_environment_steps)

    @abc.abstractmethod
    def learn(self, experience: trajectory.Trajectory) -> tf_agent.LossInfo:
        """Learns from what was collected. Runs in the graph, under XLA, in a loop.

        Returns:
          the loss, and in `extra` its components: a named tuple or a dict of tensors, each stored
          under its name as the mean over the batch.
        """

    @abc.abstractmethod
    def stochastic_policy(self, random: RandomStream) -> tf_policy.TFPolicy:
        """The policy that explores as training does at present, drawing from `random`."""

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

    def initialize(self, seed: int) -> None:
        """Draws weights and starts every random stream afresh. All else must be as when built.

        Raises:
          ValueError: two parts of the pipeline would draw the same numbers, or `networks` lacks one
            that acts, whose weights would not follow from the seed.
        """
        drawn = {weight.ref() for network in self.networks for weight in network.variables}
        acting = self.agent.collect_policy.variables()
        left_out = [w.name for w in acting if w.trainable and w.ref() not in drawn]
        if left_out:
            raise ValueError(f"networks lacks that of {', '.join(left_out)}")
        draw_weights(self.networks, RandomStream(Stream.WEIGHTS, seed))
        self.agent.initialize()
        taken = {Stream.WEIGHTS}
        for module in self.submodules:
            if isinstance(module, RandomStream):
                if module.stream in taken:
                    raise ValueError(f"two parts of a pipeline draw from {module.stream!r}")
                taken.add(module.stream)
                module.reseed(seed)
        self.environment.reset()
