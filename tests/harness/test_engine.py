"""The harness with the shipped pipelines."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.conftest import ROOT
from tfrl.harness.engine import Engine
from tfrl.harness.provenance import sources
from tfrl.harness.store import stored_results
from tfrl.harness.studies import hyperparameters, study

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


# Packages that only re-export names are empty here, so only modules that a run needs are imported.
LOADED = """
import importlib, json, os, sys, types
import tfrl
from tfrl.runtime import tf_setup
tf_setup.silence()

def load(pipeline, environment_id):
    for name in ("components", "pipelines", "training"):
        package = sys.modules["tfrl." + name] = types.ModuleType("tfrl." + name)
        package.__path__ = [os.path.join(os.path.dirname(tfrl.__file__), name)]
    importlib.import_module("tfrl.training.trainer")
    importlib.import_module(pipeline.partition(":")[0])
    from tfrl import environments
    environments.load(environment_id, batch_size=1)
    return [m.__file__ for n, m in sys.modules.items()
            if n.partition(".")[0] == "tfrl" and hasattr(m, "__file__")]

def shipped():
    from tfrl import pipelines
    return pipelines.PIPELINES

def asked(function, *arguments):
    readable, writable = os.pipe()
    if os.fork():
        os.close(writable)
        os.wait()
        return json.load(open(readable))
    json.dump(function(*arguments), open(writable, "w"))
    os._exit(0)

names = asked(shipped)
environments = ("CartPole-v1", "gymnasium:CartPole-v1")
print(json.dumps([[n, e, asked(load, names[n], e)] for n in names for e in environments]))
"""


@pytest.fixture(scope="module")
def loaded() -> list[tuple[str, str, set[str]]]:
    """The files of tfrl that each shipped pipeline imports, on both kinds of environment."""
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [
        (pipeline, environment, set(files))
        for pipeline, environment, files in json.loads(done.stdout)
    ]


def test_what_a_run_imports_is_hashed_and_nothing_else(loaded):
    package = ROOT / "tfrl"
    wrapped = ("host_environment", "gymnasium_wrapper", "suite_gymnasium")
    host = {"training/host_loop", *(f"environments/{name}" for name in wrapped)}
    for_gymnasium = {str(package / f"{name}.py") for name in host}
    # These change the speed and the output on the terminal, not the results.
    without = ("__init__", "compile_cache", "sysctl", "quiet")
    cache = {str(package / "runtime" / f"{name}.py") for name in without}
    assert len(loaded) == 2 * len(sources._shipped_pipelines()) == 10
    for pipeline, environment, files in loaded:
        hashed = {str(file) for file in Engine().sources(pipeline, environment)}
        assert len(hashed) > 20
        expected = files - cache
        if not environment.startswith("gymnasium:"):
            expected -= for_gymnasium
        assert hashed == expected, (pipeline, environment)


def settings_of(file):
    """Returns the hyperparameters of each configuration. Raises if a pipeline lacks one."""
    engine = Engine()
    return {
        one.name: hyperparameters.resolve(one, engine.config(one.pipeline), str(file))
        for one in study.load(file).configurations
    }


@pytest.mark.parametrize("file", sorted((ROOT / "studies").glob("*.toml")), ids=lambda f: f.stem)
def test_a_shipped_study_sets_what_its_pipelines_have(file):
    assert settings_of(file)


def test_the_study_in_the_docs_can_be_run(tmp_path):
    page = (ROOT / "docs" / "studies.md").read_text()
    (text,) = re.findall(r"```toml\n(title = .*?)```", page, re.DOTALL)
    file = tmp_path / "target.toml"
    file.write_text(text)
    settings = settings_of(file)
    assert settings["dqn"] | {"target_update_period": 1} == settings["every_update"]


@pytest.mark.study
def test_a_pipeline_in_the_current_folder_runs_quietly(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(STUDY)
    Path("own.py").write_text(OWN)
    command = [sys.executable, "-P", "-m", "tfrl", "run", "mine.toml", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    first, *others = done.stderr.splitlines()
    assert first == "mine: 2 of 2 runs to train"
    assert all(" of 2 done, 0 failed, " in line for line in others)
    results = stored_results.load(study.load(Path("mine.toml")))
    assert list(results.runs["status"]) == ["finished", "finished"]
    assert set(results.evaluations["step"]) == {0, 500, 1000}
    assert (results.runs["compile_seconds"] > 0).sum() == 1
    assert Path("threads").read_text() == "1 1"
