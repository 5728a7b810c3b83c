"""A run that is not compiled: as plain Python, and the same but for rounding."""

import subprocess
import sys

import numpy as np
import pytest

from tests.engine import chain
from tfrl import environments, training
from tfrl.pipelines.dqn import DqnConfig, DqnPipeline

CONFIG = DqnConfig(initial_collect_steps=20, batch_size=4, replay_buffer_max_length=50)


class Looking(DqnPipeline):
    """Looks at numbers while it learns, which a graph does not allow."""

    seen: list[float] = []  # noqa: RUF012

    def learn(self, experience):
        self.seen.append(float(experience.reward[0]))
        return super().learn(experience)


def make(pipeline, environment, debug=True):
    return training.Trainer(pipeline, CONFIG, environment, 60, 60, 2, debug=debug)


@pytest.mark.parametrize("environment", [chain.ID, chain.GYMNASIUM_ID])
def test_learn_is_python_that_can_be_looked_into(monkeypatch, environment):
    monkeypatch.setitem(environments.IN_GRAPH, chain.ID, chain.GraphChain)
    monkeypatch.setattr(Looking, "seen", [])
    result = make(Looking, environment).run(0)
    assert len(Looking.seen) == result.updates >= 40
    assert set(Looking.seen) <= {-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0}
    assert result.episodes["length"].sum() <= 60


@pytest.mark.slow
def test_it_learns_what_the_compiled_run_learns(monkeypatch):
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


def test_the_command_makes_a_run_as_plain_python(tmp_path):
    """It once failed for every study: TensorFlow was used before it was configured."""
    (tmp_path / "debug.toml").write_text(STUDY)
    (tmp_path / "looking.py").write_text(MODULE)
    command = [sys.executable, "-m", "tfrl", "run", "debug.toml", "--debug"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("reward 1.0\n") > 100
    assert "episodes; the last returned" in done.stdout.splitlines()[-1]
