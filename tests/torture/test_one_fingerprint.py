"""Row 10: the same seeds in other processes, on one or two cores, with one or two workers."""

import os
import subprocess
import sys

import pytest

from tests.harness.conftest import ROOT
from tests.torture import LONG
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies import study

STUDY = """\
title = "Two seeds, shortly"
seeds = "0-1"
steps = 2_000

[evaluation]
every = 1_000
episodes = 4

[environments]
cartpole = "CartPole-v1"

[configurations.dqn]
pipeline = "dqn"

[configurations.ppo]
pipeline = "ppo"
"""
CHOOSES = hasattr(os, "sched_setaffinity")  # macOS does not let a process choose its cores
CORES = sorted(os.sched_getaffinity(0))[:2] if CHOOSES else []
WAYS = [(cores, jobs) for cores in (CORES[:1], CORES) for jobs in (1, 2)]
INVOCATIONS = [*WAYS, *WAYS, *WAYS[:2]] if LONG else [WAYS[0], WAYS[3]]


@pytest.mark.study
def test_one_fingerprint_wherever_a_seed_is_run(tmp_path, figure):
    file = tmp_path / "small.toml"
    file.write_text(STUDY)
    found = []
    for number, (cores, jobs) in enumerate(INVOCATIONS):
        command = [sys.executable, "-m", "tfrl", "run", file.name, "--jobs", f"{jobs}"]
        subprocess.run(
            [*command, "--runs", f"{number}"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            capture_output=True,
            preexec_fn=lambda cores=cores: CHOOSES and os.sched_setaffinity(0, cores),
        )
        entries = RunStore(study.load(file), tmp_path / f"{number}").entries()
        found.append([entry.manifest["fingerprint"] for entry in entries])
    assert len(set(found[0])) == 4, "other seeds and agents give others"
    assert found == [found[0]] * len(INVOCATIONS)
    figure(
        10,
        f"{len(INVOCATIONS)} invocations on one core or two, with one worker or two: 4 runs, "
        f"{len({tuple(prints) for prints in found})} fingerprint each",
    )
