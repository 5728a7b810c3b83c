"""The harness with the pipelines that it is made for."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.conftest import ROOT
from tfrl.harness import sources, storage, study
from tfrl.harness.engine import Engine

STUDY = """\
title = "A pipeline of one's own"
seeds = "0-1"
steps = 1_000

[evaluation]
every = 500
episodes = 4

[environments]
cartpole = "CartPole-v1"

[configurations.mine]
pipeline = "own:Pipeline"
"""
OWN = """\
from pathlib import Path

import tensorflow as tf

from tfrl.pipelines.reinforce import ReinforcePipeline

threads = tf.config.threading


class Pipeline(ReinforcePipeline):
    def __init__(self, *arguments, **keywords):
        super().__init__(*arguments, **keywords)
        intra = threads.get_intra_op_parallelism_threads()
        inter = threads.get_inter_op_parallelism_threads()
        Path("threads").write_text(f"{intra} {inter}")
"""


def test_what_only_gymnasium_needs_decides_no_other_run():
    here, there = (
        {file.relative_to(ROOT / "tfrl").as_posix() for file in Engine().sources("dqn", name)}
        for name in ("CartPole-v1", "gymnasium:CartPole-v1")
    )
    assert there - here == sources._FOR_GYMNASIUM


def test_all_that_decides_a_result_is_hashed():
    names = [
        str(file.relative_to(ROOT / "tfrl")) for file in Engine().sources("dqn", "CartPole-v1")
    ]
    assert {"pipelines/dqn.py", "environments/cartpole.py", "runtime.py"} <= set(names)
    assert not [name for name in names if name.startswith(("harness", "report", "cli"))]


@pytest.mark.study
def test_a_pipeline_in_the_current_folder_runs_quietly(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(STUDY)
    Path("own.py").write_text(OWN)
    command = [sys.executable, "-P", "-m", "tfrl", "run", "mine.toml", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    first, *others = done.stderr.splitlines()
    assert first == "mine: 2 of 2 runs to make"
    assert all(" of 2 done, 0 failed, " in line for line in others)
    results = storage.load(study.load(Path("mine.toml")))
    assert list(results.runs["status"]) == ["finished", "finished"]
    assert set(results.evaluations["step"]) == {0, 500, 1000}
    assert (results.runs["compile_seconds"] > 0).sum() == 1
    assert Path("threads").read_text() == "1 1"
