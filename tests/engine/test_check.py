"""Checks of a Gymnasium environment before training."""

import os

import gymnasium
import numpy as np
import pytest

from tests.engine import noisy
from tfrl.environments.check import check
from tfrl.harness.engine import Engine
from tfrl.harness.studies.study import Environment

SPACE = gymnasium.spaces.Box(-1, 1, (2,), np.float32)


class Faultless(gymnasium.Env):
    observation_space, action_space = SPACE, gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.observe(), {}

    def step(self, action):
        return self.observe(), 0.0, False, False, {}

    def observe(self):
        return self.np_random.uniform(-1, 1, 2).astype(np.float32)


class Entropic(Faultless):
    def observe(self):
        return np.frombuffer(os.urandom(2), np.uint8).astype(np.float32) / 256


class OldReset(Faultless):
    def reset(self):
        return np.zeros(2, np.float32)


class OldStep(Faultless):
    def step(self, action):
        return self.observe(), 0.0, False, {}


class Failing(Faultless):
    def step(self, action):
        raise KeyError("pole")


class Infinite(Faultless):
    def step(self, action):
        return self.observe(), float("inf"), False, False, {}


class Unrewarded(Faultless):
    def step(self, action):
        return self.observe(), None, False, False, {}


class Outside(Faultless):
    def observe(self):
        return np.full(2, 8.0, np.float32)


class Misshapen(Faultless):
    def observe(self):
        return np.zeros(3, np.float32)


class Mistyped(Faultless):
    observation_space = gymnasium.spaces.Box(0, 9, (2,), np.int64)


class Numberless(Faultless):
    observation_space = gymnasium.spaces.Discrete(3)

    def observe(self):
        return 3


class Needy(Faultless):
    def __init__(self, size):
        self.size = size


for cls in (Faultless, *Faultless.__subclasses__()):
    gymnasium.register(f"{cls.__name__}-v0", cls, max_episode_steps=50)


@pytest.mark.parametrize("name", ["Faultless-v0", "CartPole-v1", "FrozenLake-v1", noisy.ID])
def test_a_faultless_environment_passes(name):
    check(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "Entropic",
            "is not deterministic: with the same seed and the same actions its obser",
        ),
        ("OldReset", r"reset failed: TypeError: .* In Gymnasium's API reset returns 2 values"),
        ("OldStep", r"step failed: ValueError: .*In Gymnasium's API step returns 5 values"),
        ("Failing", r"step failed: KeyError: 'pole' \(.*test_check.py, line \d+\)"),
        ("Infinite", "gave the reward inf at step 1"),
        ("Unrewarded", "gave the reward None at step 1"),
        ("Outside", r"gave the observation \[8\. 8\.\] at step 0, outside of Box"),
        (
            "Misshapen",
            r"observation of type float32 and shape \(3,\) at step 0: its space",
        ),
        ("Mistyped", r"observation of type float32 .* its space declares int64 of shape \(2,\)"),
        ("Numberless", r"gave the observation 3 at step 0, outside of Discrete\(3\)"),
        (
            "Needy",
            r"cannot be created: TypeError: .*missing 1 required positional argument: 'size'",
        ),
    ],
)
def test_faults_are_errors_of_one_sentence(name, message):
    with pytest.raises(LookupError, match=message):
        Engine().check(Environment("e", f"gymnasium:{name}-v0"))


def test_a_syntax_error_is_reported_with_its_line(tmp_path, monkeypatch):
    (tmp_path / "unreadable.py").write_text("import gymnasium\nreset = = 3\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LookupError, match=r"SyntaxError: .*unreadable.py, line 2\)"):
        check("unreadable:Mine-v0")
