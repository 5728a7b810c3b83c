"""CartPole with noise from the global generators, which nothing but the loop seeds."""

import random

import gymnasium
import numpy as np

ID = "tests.engine.noisy:Noisy-v0"


class Noisy(gymnasium.Wrapper):
    """Starts anywhere, and earns anything."""

    def reset(self, **kwargs):
        observation, info = self.env.reset(**kwargs)
        return observation + np.float32(0.01 * random.random()), info

    def step(self, action):
        observation, reward, *rest = self.env.step(action)
        return observation, reward + np.random.normal(), *rest  # noqa: NPY002


gymnasium.register("Noisy-v0", lambda: Noisy(gymnasium.make("CartPole-v1")), max_episode_steps=500)
