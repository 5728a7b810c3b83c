"""An interrupted run that resumes from its checkpoint equals an uninterrupted run."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tfrl.harness import engine
from tfrl.harness.store.checkpoints import Checkpoint
from tfrl.pipelines import resolve
from tfrl.training import Trainer

ROOT = Path(__file__).parents[2]
STEPS, EVERY = 400, 150
SMALL = {
    "dqn": {"initial_collect_steps": 50, "batch_size": 16},
    "reinforce": {},
    "ppo": {"num_environments": 2, "num_epochs": 2, "normalize_observations": True},
    "apo": {"num_environments": 2, "num_epochs": 2},
    "apo_parallel": {"num_environments": 4, "num_learners": 2, "num_epochs": 2},
}


class InterruptedRunError(Exception):
    """Interrupts a run."""


class Saving(Checkpoint):
    """A checkpoint that is always due, and interrupts the run after `saves_left` saves."""

    saves_left = 0

    def is_due(self):
        return True

    def save(self, state):
        super().save(state)
        self.saves_left -= 1
        if self.saves_left == 0:
            raise InterruptedRunError


def trainer(pipeline, environment):
    cls = resolve(pipeline)
    return Trainer(cls, cls.Config(**SMALL[pipeline]), environment, STEPS, EVERY, 3)


def assert_equal(actual, expected):
    assert actual.weights_sha256 == expected.weights_sha256
    assert actual.updates == expected.updates
    for name in ("episodes", "evaluations"):
        left, right = getattr(actual, name), getattr(expected, name)
        assert list(left) == list(right)
        for column in left:
            np.testing.assert_array_equal(left[column], right[column], f"{name} {column}")


@pytest.mark.parametrize(
    ("pipeline", "environment"),
    [
        ("dqn", "CartPole-v1"),
        pytest.param("ppo", "CartPole-v1", marks=pytest.mark.slow),
        pytest.param("apo", "CartPole-v1", marks=pytest.mark.slow),
        pytest.param("apo_parallel", "CartPole-v1", marks=pytest.mark.slow),
        pytest.param("dqn", "gymnasium:CartPole-v1", marks=pytest.mark.slow),
        pytest.param("reinforce", "gymnasium:CartPole-v1", marks=pytest.mark.slow),
        pytest.param("apo", "gymnasium:CartPole-v1", marks=pytest.mark.slow),
    ],
)
def test_interrupted_runs_equal_uninterrupted_runs(tmp_path, monkeypatch, pipeline, environment):
    monkeypatch.setattr("tfrl.training.trainer.LOG_CAPACITY", 200)  # many calls, many checkpoints
    first, second = trainer(pipeline, environment), trainer(pipeline, environment)
    expected = first.run(7)

    interruptions = 0
    for attempt in range(1, 100):  # two trainers in turn, as in different processes
        checkpoint = Saving(tmp_path / "run", {"run": 7})
        checkpoint.saves_left = attempt % 2 + 1
        try:
            actual = (first, second)[attempt % 2].run(7, checkpoint=checkpoint)
            break
        except InterruptedRunError:
            interruptions += 1
    assert interruptions >= 2
    assert_equal(actual, expected)


def test_a_checkpoint_of_another_run_is_not_loaded(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run", {"seed": 1})
    checkpoint.save({"x": np.arange(3)})
    assert Checkpoint(tmp_path / "run", {"seed": 2}).load() is None
    np.testing.assert_array_equal(Checkpoint(tmp_path / "run", {"seed": 1}).load()["x"], [0, 1, 2])


def test_a_damaged_checkpoint_is_not_loaded(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run", {})
    checkpoint.save({"x": np.arange(3)})
    content = checkpoint.path.read_bytes()
    for position in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[position] ^= 1
        checkpoint.path.write_bytes(damaged)
        assert checkpoint.load() is None
        checkpoint.path.write_bytes(content[:position])
        assert checkpoint.load() is None
    checkpoint.path.write_bytes(content)
    assert checkpoint.load() is not None


def test_seconds_accumulate_over_interruptions(tmp_path):
    Checkpoint(tmp_path / "run", {}, seconds_before=70.0).save({})
    again = Checkpoint(tmp_path / "run", {})
    again.load()
    assert 70 <= again.seconds_before < 80


class Impatient:
    """A trainer that saves after every call, and writes each reported step to a file."""

    def __init__(self, trainer, file):
        self.trainer, self.file = trainer, file
        self.long_sums = trainer.long_sums

    def run(self, seed, level_config, on_progress, checkpoint):
        checkpoint.seconds_between = 0.0

        def record(step):
            with self.file.open("a") as file:
                file.write(f"{os.getpid()} {step}\n")
            on_progress(step)

        return self.trainer.run(seed, level_config, record, checkpoint)


class ImpatientEngine(engine.Engine):
    """An engine whose trainers save after every call."""

    def trainer(self, study, run, hyperparameters):
        return Impatient(super().trainer(study, run, hyperparameters), Path("steps"))


STUDY = """
title = "One long run"
seeds = [5]
steps = 60_000

[evaluation]
every = 15_000
episodes = 2

[environments]
cartpole = "CartPole-v1"

[configurations]
dqn = { pipeline = "dqn" }
"""


@pytest.mark.study
def test_a_run_killed_at_random_equals_an_uninterrupted_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("one.toml").write_text(STUDY)
    script = "import sys; from tests.engine import test_checkpoints as t; from tfrl import cli; "
    script += "sys.exit(cli.main(engine=t.ImpatientEngine()))"
    command = [sys.executable, "-c", script, "run", "one.toml", "--jobs", "1", "--runs"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def begin(runs):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([*command, runs], env=environment, start_new_session=True, **quiet)

    assert begin("alone").wait() == 0
    Path("steps").unlink()
    random, kills, process = np.random.default_rng(0), 0, begin("killed")
    while process.poll() is None and kills < 4:
        before = reported_steps()
        while process.poll() is None and len(reported_steps()) < len(before) + 2:
            time.sleep(0.05)  # until it has begun to train, and saved
        time.sleep(random.uniform(0, 1.0))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        kills, process = kills + 1, begin("killed")
    assert process.wait() == 0

    first_of_each = dict(reversed(reported_steps()))
    assert kills >= 2 and sum(step > 0 for step in first_of_each.values()) >= kills - 1
    left, right = (Path(runs, "one/cartpole/dqn") for runs in ("alone", "killed"))
    assert fingerprint(left) == fingerprint(right)
    assert [path.name for path in right.iterdir()] == ["seed-5"]  # and no checkpoint


def reported_steps():
    """Returns the process and step of each report, in order."""
    text = Path("steps").read_text() if Path("steps").exists() else ""
    return [tuple(map(int, line.split())) for line in text.splitlines()]


def fingerprint(runs):
    return json.loads((runs / "seed-5" / "manifest.json").read_text())["fingerprint"]
