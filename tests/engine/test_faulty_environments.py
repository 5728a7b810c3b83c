"""Environments that break their promises are refused with what they did, and at which step."""

import gymnasium
import numpy as np
import pytest

from tfrl.environments import suite_gymnasium


class Faulty(gymnasium.Env):
    """Counts its steps, and does at the third what a test asks for."""

    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, space=None, observation=None, reward=1.0, info=None):
        self.observation_space = space or gymnasium.spaces.Box(-1, 1, (2,), np.float32)
        self._usual = self.observation_space.sample()
        self._observation, self._reward, self._info = observation, reward, info

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._count = 0
        return self._usual, {}

    def step(self, action):
        self._count += 1
        if self._count < 3:
            return self._usual, 0.0, False, False, {}
        observation = self._usual if self._observation is None else self._observation
        return observation, self._reward, False, False, self._info or {}


def step_three_times(*envs):
    environment = suite_gymnasium.wrap_env(list(envs))
    environment.reset()
    for _ in range(3):
        time_step = environment.step(np.zeros(len(envs), np.int64))
    return time_step


THREE = gymnasium.spaces.Discrete(3)


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ({"reward": np.nan}, "gave the reward nan at its step 3: expected a finite number"),
        ({"reward": np.inf}, "gave the reward inf at its step 3: expected a finite number"),
        (
            {"observation": np.array([0, np.nan], np.float32)},
            "gave the observation nan at its step 3: expected a finite number",
        ),
        (
            {"observation": np.float32(0)},
            r"an observation of shape \(\): its space declares \(2,\)",
        ),
        (
            {"observation": np.zeros(3)},
            r"an observation of shape \(3,\): its space declares \(2,\)",
        ),
        (
            {"space": THREE, "observation": 3},
            "gave the observation 3 at its step 3: expected a number from 0 to 2",
        ),
        (
            {"space": THREE, "observation": -1},
            "gave the observation -1 at its step 3: expected a number from 0 to 2",
        ),
    ],
)
def test_what_an_environment_did_is_named(faults, sentence):
    with pytest.raises(ValueError, match=sentence):
        step_three_times(Faulty(space=faults.get("space")), Faulty(**faults))


def test_info_is_not_looked_at():
    infos = [{"a": 1}, {"a": "text"}, {"a": [1, [2, 3]]}, {"a": 2**80}]
    time_step = step_three_times(*(Faulty(info=info) for info in infos))
    np.testing.assert_array_equal(time_step.reward, np.ones(4))


def test_a_space_of_actions_that_no_agent_takes_is_refused_with_the_one_that_they_do():
    env = Faulty()
    env.action_space = gymnasium.spaces.MultiDiscrete([2, 3])
    with pytest.raises(ValueError, match="the action space must be Discrete for the agents here"):
        suite_gymnasium.wrap_env(env)
