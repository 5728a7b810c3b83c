"""Debug runs execute as plain Python and equal compiled runs up to rounding."""

import subprocess
import sys

import numpy as np
import pytest

from tests.engine import chain
from tfrl import environments, training
from tfrl.pipelines.dqn import DqnConfig, DqnPipeline

CONFIG = DqnConfig(initial_collect_steps=20, batch_size=4, replay_buffer_max_length=50)


class Looking(DqnPipeline):
    """Converts tensors to floats in `learn`, which fails in a graph."""

    rewards: list[float] = []  # noqa: RUF012

    def learn(self, experience):
        self.rewards.append(float(experience.reward[0]))
        return super().learn(experience)


def make(pipeline, environment, debug=True):
    return training.Trainer(pipeline, CONFIG, environment, 60, 60, 2, debug=debug)


@pytest.mark.parametrize("environment", [chain.ID, chain.GYMNASIUM_ID])
def test_learn_runs_eagerly(monkeypatch, environment):
    monkeypatch.setitem(environments.IN_GRAPH, chain.ID, chain.GraphChain)
    monkeypatch.setattr(Looking, "rewards", [])
    result = make(Looking, environment).run(0)
    assert len(Looking.rewards) == result.updates >= 40
    assert set(Looking.rewards) <= {-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0}
    assert result.episodes["length"].sum() <= 60


@pytest.mark.slow
def test_debug_run_equals_compiled_run(monkeypatch):
    monkeypatch.setitem(environments.IN_GRAPH, chain.ID, chain.GraphChain)
    plain, compiled = (make(DqnPipeline, chain.ID, debug).run(1) for debug in (True, False))
    np.testing.assert_array_equal(plain.episodes["return"], compiled.episodes["return"])
    losses = (result.losses["value"] for result in (plain, compiled))
    np.testing.assert_allclose(*losses, rtol=1e-3, atol=1e-5)


STUDY = """\
title = "Debug"
seeds = "0"
steps = 200

[evaluation]
every = 200
episodes = 2

[environments]
cartpole = "CartPole-v1"

[configurations.mine]
pipeline = "looking:Looking"
initial_collect_steps = 20
batch_size = 4
"""
MODULE = """\
from tfrl.pipelines.dqn import DqnPipeline

class Looking(DqnPipeline):
    def learn(self, experience):
        print("reward", float(experience.reward[0]))
        return super().learn(experience)
"""


def test_run_debug_command_executes_as_plain_python(tmp_path):
    """Regression test: TensorFlow was used before it was configured, so every study failed."""
    (tmp_path / "debug.toml").write_text(STUDY)
    (tmp_path / "looking.py").write_text(MODULE)
    command = [sys.executable, "-m", "tfrl", "run", "debug.toml", "--debug"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("reward 1.0\n") > 100
    assert "episodes; return of the last" in process.stdout.splitlines()[-1]
