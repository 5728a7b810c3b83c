"""A small environment in both forms: for Gymnasium, and in the graph.

One walks along a chain from its middle, 3 places to either end, where an episode terminates; it is
truncated after 8 steps. The reward is the place that a step leads to.
"""

import gymnasium
import numpy as np
import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl.environments import GraphEnvironment

ID = "Chain-v0"
GYMNASIUM_ID = "gymnasium:tests.engine.chain:Chain-v0"
LENGTH, TIME_LIMIT, FIRST_ACTION = 3, 8, 5


class GymnasiumChain(gymnasium.Env):
    """Its actions are 5, 6 and 7; it notes the seeds that it is reset with."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float64)
    action_space = gymnasium.spaces.Discrete(3, start=FIRST_ACTION)
    seeds: list[int]  # set by the tests that ask for them

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if hasattr(type(self), "seeds"):
            self.seeds.append(seed)
        self._place = 0
        return self._observe(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self._place += int(action) - FIRST_ACTION - 1
        return self._observe(), float(self._place), abs(self._place) == LENGTH, False, {}

    def _observe(self):
        return np.array([self._place / 4, float(self._place == 0)])


class GraphChain(GraphEnvironment):
    def __init__(self, environment_id=ID, **kwargs):
        super().__init__(
            environment_id,
            observation_spec=tf.TensorSpec([2], tf.float32, "observation"),
            action_spec=tensor_spec.BoundedTensorSpec([], tf.int64, 0, 2, "action"),
            state_spec=tf.TensorSpec([], tf.int64),
            num_uniforms=1,
            time_limit=TIME_LIMIT,
            **kwargs,
        )

    def _initial_state(self, uniforms, constants):
        return tf.zeros([uniforms.shape[0]], tf.int64)

    def _dynamics(self, state, constants, action):
        place = state + action - 1
        return place, tf.cast(place, tf.float32), tf.equal(tf.abs(place), LENGTH)

    def _observe(self, state):
        return tf.cast(
            tf.stack([state / 4, tf.cast(tf.equal(state, 0), tf.float64)], 1), tf.float32
        )


gymnasium.register(ID, GymnasiumChain, max_episode_steps=TIME_LIMIT)
