"""A planted memoriser: takes shortest paths in known mazes and random actions elsewhere."""

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

# Random weights of a linear hash of observations. In practice it has no collisions.
HASH_WEIGHTS = np.random.default_rng(0).integers(2**40, size=SIZE * SIZE * 3).astype(np.float64)


@dataclasses.dataclass(frozen=True)
class PlantedConfig:
    """Number of memorised levels."""

    known_levels: int = 0  # levels 0 to known_levels - 1; with 0, actions are always random


class PlantedPipeline(Pipeline):
    """Learns nothing. Its policy has a look-up table of shortest paths."""

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
    """Takes the stored action of an observation, or a random action for an unknown one."""

    def __init__(self, environment, hashes, actions, random):
        super().__init__(environment.time_step_spec(), environment.action_spec())
        self._hashes, self._actions, self._random = hashes, actions, random

    def _variables(self):
        return []

    def _action(self, time_step, policy_state, seed=None):
        matches = tf.equal(hashed(time_step.observation)[:, None], self._hashes)  # [B, K]
        stored = tf.gather(self._actions, tf.argmax(matches, axis=1))
        guesses = randomness.integers(self._random.next(), stored.shape, len(MOVES))
        return policy_step.PolicyStep(tf.where(tf.reduce_any(matches, axis=1), stored, guesses))


def hashed(observation):
    """Returns float64 hashes `[B]` of observations `[B, SIZE, SIZE, 3]`."""
    flat = tf.reshape(observation, [-1, len(HASH_WEIGHTS)])
    return tf.linalg.matvec(tf.cast(flat, tf.float64), tf.constant(HASH_WEIGHTS))


def look_up_table(levels):
    """Returns hashes `[K]` of observations on shortest paths in the first mazes, and actions."""
    environment = Maze(batch_size=max(levels, 1))
    numbers = np.arange(environment.batch_size)
    environment.set_levels(
        tf.constant(numbers), tf.constant(variations.intervals("Maze-v0", "D", numbers))
    )
    state = tf.nest.map_structure(lambda x: x.numpy(), environment.state)
    paths = [shortest_path(MazeState(*(x[level] for x in state))) for level in range(levels)]
    hashes, actions = [np.zeros(1)], [np.zeros(1, int)]  # dummy row: the table must not be empty
    for step in range(max(map(len, paths), default=0)):
        unfinished = np.array([step < len(path) for path in paths])
        action = np.array([path[step] if step < len(path) else 0 for path in paths])
        hashes.append(hashed(environment.current_time_step().observation).numpy()[unfinished])
        actions.append(action[unfinished])
        environment.step(tf.constant(action))
    return tf.constant(np.concatenate(hashes)), tf.constant(np.concatenate(actions))
