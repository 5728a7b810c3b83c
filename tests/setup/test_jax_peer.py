"""The JAX that `make bench` compares with: it plays Gymnasium's CartPole, and it learns.

It runs in the environment that `make bench` sets up; without that, these tests are skipped.
"""

import json
import subprocess
from pathlib import Path

import gymnasium
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-bench" / "bin" / "python"
NO_JAX = "JAX is not installed: bench/setup.sh makes .venv-bench"
pytestmark = pytest.mark.skipif(
    not list(ROOT.glob(".venv-bench/lib/*/site-packages/jax")), reason=NO_JAX
)


def run(*arguments, given=None):
    """The last line that a program printed there, from JSON."""
    command = [PYTHON, *arguments]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def balance(observation, random):
    """An action that keeps the pole up until the time limit."""
    return int(observation @ [0.1, 0.2, 1.0, 1.0] > 0)


def at_random(observation, random):
    """An action that lets it fall soon."""
    return int(random.integers(2))


@pytest.mark.parametrize(("policy", "episodes"), [(balance, 1), (at_random, 20)])
def test_its_cartpole_is_that_of_gymnasium_step_for_step(policy, episodes):
    environment, random, steps = gymnasium.make("CartPole-v1"), np.random.default_rng(0), []
    for episode in range(episodes):
        (observation, _), age, ended = environment.reset(seed=episode), 0, False
        while not ended:
            action = policy(observation, random)
            following, _, terminated, truncated, _ = environment.step(action)
            ended = terminated or truncated
            steps.append((observation, action, age, following, terminated, ended))
            observation, age = following, age + 1
    observations, actions, ages, following, terminated, ended = map(
        np.array, zip(*steps, strict=True)
    )
    given = {"observations": observations, "actions": actions, "ages": ages}
    given = {name: column.tolist() for name, column in given.items()}
    peer = {k: np.array(v) for k, v in run("tests/setup/jax_trajectory.py", given=given).items()}

    assert (ages.max() == 499) == (policy is balance)  # the time limit is among what is compared
    np.testing.assert_allclose(peer["next_observation"], following, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(peer["terminated"], terminated)
    np.testing.assert_array_equal(peer["length"], np.where(ended, ages + 1, 0))
    np.testing.assert_array_equal(peer["age"], np.where(ended, 0, ages + 1))
    np.testing.assert_allclose(peer["following"][~ended], following[~ended], rtol=0, atol=1e-6)
    assert np.abs(peer["following"][ended]).max() <= 0.05


@pytest.mark.parametrize(
    "arguments",
    [("ppo", "--steps", "40960"), ("dqn", "--steps", "10000", "--seeds", "2")],
    ids=["ppo", "dqn, two seeds together"],
)
def test_it_learns(arguments):
    printed = run("bench/jax_peer.py", *arguments)
    assert printed["last_length"] > 3 * printed["first_length"] > 0
    assert printed["rate"] > 0 and printed["compile_seconds"] > 0
