"""The harness with the pipelines that it is made for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.conftest import ROOT
from tfrl.harness import hyperparameters, storage, study
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
    assert here < there
    only_there = {Path(name).stem for name in there - here}
    assert only_there == {"host_environment", "suite_gymnasium", "host_loop"}


LOADED = """
import sys
from tfrl import environments, pipelines
for name in pipelines.SHIPPED:
    pipelines.resolve(name)
environments.load("gymnasium:CartPole-v1", batch_size=1)
print(*(m.__file__ for n, m in sys.modules.items() if n.partition(".")[0] == "tfrl"), sep="\\n")
"""


def test_all_that_a_run_imports_is_hashed_and_none_of_what_shows_it():
    hashed = {str(file) for file in Engine().sources("dqn", "gymnasium:CartPole-v1")}
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    loaded = set(done.stdout.splitlines())
    assert len(loaded) > 30, done.stderr
    assert loaded <= hashed
    inside = {Path(name).relative_to(ROOT / "tfrl").parts[0] for name in hashed}
    assert not inside & {"harness", "analysis", "report", "cli"}


def settings_of(file):
    """All hyperparameters of each configuration; fails on one that its pipeline does not have."""
    engine = Engine()
    return {
        one.name: hyperparameters.resolve(one, engine.config(one.pipeline), str(file))
        for one in study.load(file).configurations
    }


@pytest.mark.parametrize("file", sorted((ROOT / "studies").glob("*.toml")), ids=lambda f: f.stem)
def test_a_shipped_study_sets_what_its_pipelines_have(file):
    assert settings_of(file)


def test_the_study_in_the_readme_can_be_run(tmp_path):
    (text,) = re.findall(r"```toml\n(title = .*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    file = tmp_path / "target.toml"
    file.write_text(text)
    found = settings_of(file)
    assert found["dqn"] | {"target_update_period": 1} == found["every_update"]


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
