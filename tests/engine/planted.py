"""A memoriser to be found out: it knows mazes by heart, and wherever it does not it guesses."""

import dataclasses

import numpy as np
import tensorflow as tf
from tf_agents.agents import tf_agent
from tf_agents.agents.random.fixed_policy_agent import FixedPolicyAgent
from tf_agents.policies import tf_policy
from tf_agents.trajectories import policy_step

from tfrl import variations
from tfrl.components import randomness
from tfrl.components.collection import StepCollector
from tfrl.components.randomness import RandomStream, Stream
from tfrl.environments import Maze
from tfrl.environments.maze import MOVES, SIZE, MazeState, shortest_path
from tfrl.pipelines import Pipeline

# The sum of its squares' numbers stands for an observation; two that differ share none in practice.
NUMBERS = np.random.default_rng(0).integers(2**40, size=SIZE * SIZE * 3).astype(np.float64)


@dataclasses.dataclass(frozen=True)
class PlantedConfig:
    """What is known."""

    known_levels: int = 0  # the first levels; with 0 the policy is blind to the level


class PlantedPipeline(Pipeline):
    """Learns nothing: its policy has a look-up table of shortest paths from the beginning."""

    Config = PlantedConfig

    def make_agent(self):
        self._table = look_up_table(self.config.known_levels)
        self._acting = self.stochastic_policy(RandomStream(Stream.POLICY))
        return FixedPolicyAgent(
            self.environment.time_step_spec(),
            self.environment.action_spec(),
            policy_class=lambda **_: self._acting,
            train_step_counter=self.train_step_counter,
        )

    def make_collector(self):
        return StepCollector(self.environment, self._acting, [self.episode_log.observe])

    def stochastic_policy(self, random):
        return LookUpPolicy(self.environment, *self._table, random)

    def learn(self, experience):
        return tf_agent.LossInfo(tf.constant(0.0), ())


class LookUpPolicy(tf_policy.TFPolicy):
    """The action that is noted for what is seen, or any action if none is."""

    def __init__(self, environment, seen, actions, random):
        super().__init__(environment.time_step_spec(), environment.action_spec())
        self._seen, self._actions, self._random = seen, actions, random

    def _variables(self):
        return []

    def _action(self, time_step, policy_state, seed=None):
        known = tf.equal(number(time_step.observation)[:, None], self._seen)  # [B, K]
        noted = tf.gather(self._actions, tf.argmax(known, axis=1))
        guessed = randomness.integers(self._random.next(), noted.shape, len(MOVES))
        return policy_step.PolicyStep(tf.where(tf.reduce_any(known, axis=1), noted, guessed))


def number(observation):
    """What stands for observations `[B, SIZE, SIZE, 3]`: float64 `[B]`."""
    flat = tf.reshape(observation, [-1, len(NUMBERS)])
    return tf.linalg.matvec(tf.cast(flat, tf.float64), tf.constant(NUMBERS))


def look_up_table(levels):
    """What is seen on shortest paths through the first `levels` mazes, and what to do there."""
    environment = Maze(batch_size=max(levels, 1))
    numbers = np.arange(environment.batch_size)
    environment.set_levels(
        tf.constant(numbers), tf.constant(variations.intervals("Maze-v0", "D", numbers))
    )
    state = tf.nest.map_structure(lambda x: x.numpy(), environment.state)
    paths = [shortest_path(MazeState(*(x[level] for x in state))) for level in range(levels)]
    seen, actions = [np.zeros(1)], [np.zeros(1, int)]  # of no observation, so that there is a row
    for step in range(max(map(len, paths), default=0)):
        under_way = np.array([step < len(path) for path in paths])
        action = np.array([path[step] if step < len(path) else 0 for path in paths])
        seen.append(number(environment.current_time_step().observation).numpy()[under_way])
        actions.append(action[under_way])
        environment.step(tf.constant(action))
    return tf.constant(np.concatenate(seen)), tf.constant(np.concatenate(actions))
