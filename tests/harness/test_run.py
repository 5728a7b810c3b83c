"""`tfrl run` as its user meets it, with worker processes and a pipeline that fails when told to."""

import errno
import multiprocessing
import os
import platform
import re
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.harness import fake
from tests.torture.common import wait_until
from tfrl import cli
from tfrl.harness.execution.local_backend import LocalBackend
from tfrl.harness.provenance import git
from tfrl.harness.store import stored_results
from tfrl.harness.store.run_store import RunStore


def configure(text: str) -> str:
    """The fake study with hyperparameters added to its second configuration."""
    return fake.STUDY + text


def made(project) -> Counter:
    """How often each seed of the second configuration was run."""
    return Counter(Path("made").read_text().split()) if Path("made").exists() else Counter()


def test_all_runs_are_made_once_and_then_no_more(project, capsys):
    project.write(configure('file = "made"\n'))
    assert project.tfrl("run", "fake", "--seeds", "0-1") == 0
    out, err = capsys.readouterr()
    assert "fake: 4 of 8 runs to train" in err
    assert "8 planned = 4 finished + 0 failed + 4 missing in runs/fake" in out
    assert re.search(r"line +two +4 +2 +0 +2 +\d+\.\d", out)
    assert made(project) == {"0": 1, "1": 1}

    assert project.tfrl("run", "studies/fake.toml", "--jobs", "1") == 0
    assert made(project) == dict.fromkeys("0123", 1)
    before = project.fingerprints()
    assert len(before) == 8
    assert project.tfrl("run", "fake") == 0
    assert "fake: 0 of 8 runs to train" in capsys.readouterr().err
    assert project.fingerprints() == before
    assert made(project) == dict.fromkeys("0123", 1)


def test_environments_that_differ_in_their_conditions_share_a_trainer(project, capsys):
    study = fake.STUDY.replace('[environments]\nline = "Line-v0"\n', fake.VARIED)
    project.write(study + 'file = "made"\n')
    assert project.tfrl("run", "fake", "--seeds", "0-1", "--jobs", "1") == 0
    assert made(project) == {"0": 3, "1": 3}
    trainers = Path("made.trainers").read_text().split()[::2]
    assert trainers == ["D/two/seed-0", "plain/two/seed-0"], "compiled for two tests, and for none"
    assert re.search(r"\nR +two +4 +2 +0 +2 +\d+\.\d", capsys.readouterr().out)

    played = stored_results.load(project.store.study).evaluations
    for name, shifted in [("D", ["R", "E"]), ("R", ["D", "E"]), ("plain", [])]:
        mine = played[played["environment"] == name]
        trained = "R" if name == "R" else "D"
        combinations = mine[["split", "variation"]].drop_duplicates().to_numpy().tolist()
        assert combinations == [
            ["training", trained],
            ["held-out", trained],
            *(["shifted", variation] for variation in shifted),
        ]
        levels = mine.loc[mine["split"] == "training", "level"]
        assert (levels < (10 if name == "R" else 2**30)).all()
        assert levels.max() > 9 or name == "R"


def test_no_process_compiles_more_than_one_group(project, capsys):
    configurations = [
        f'[configurations.c{i}]\npipeline = "fake"\nfile = "made"\n' for i in range(5)
    ]
    project.write(fake.STUDY[: fake.STUDY.index("[configurations")] + "\n".join(configurations))
    assert project.tfrl("run", "fake", "--jobs", "1") == 0
    processes = Counter(Path("made.trainers").read_text().split()[1::2])
    assert list(processes.values()) == [1] * 5
    assert made(project) == dict.fromkeys("0123", 5)
    assert "0 failed" in capsys.readouterr().out


def test_what_cannot_be_built_is_built_and_told_once(project, capsys):
    head = fake.STUDY[: fake.STUDY.index("[configurations.one]")]
    project.write(
        f'{head}[configurations.broken]\npipeline = "fake"\nfailure = "build"\nfile = "made"\n'
    )
    assert project.tfrl("run", "fake", "--jobs", "1") == 1
    out, err = capsys.readouterr()
    assert "4 planned = 0 finished + 4 failed + 0 missing" in out
    assert err.count("ValueError: layers must be of equal size") == 1
    assert len(Path("made.trainers").read_text().splitlines()) == 1


FAILURES = {
    "raise": "RuntimeError: the <first> line",
    "nan": "FloatingPointError: the loss is NaN after 480 steps",
    "infinite": "FloatingPointError: a return is not a finite number",
    "exit": "SystemExit: 3",
    "kill": "WorkerDied: the worker process was killed by SIGKILL (possibly out of memory)",
    "abort": "WorkerDied: the worker process ended with exit status 4",
    "memory": "MemoryError: no 8 GiB left",
}
NO_FAULT_OF_THE_RUN = ("kill", "abort", "memory")


def test_runs_that_fail_are_stored_and_told_and_the_others_finish(project, capsys):
    head = fake.STUDY[: fake.STUDY.index("[configurations.one]")].replace("0-3", "0-1")
    tables = [
        f'[configurations.{failure}]\npipeline = "fake"\nfailure = "{failure}"\n'
        for failure in FAILURES
    ]
    project.write(head + "".join(tables))
    assert project.tfrl("run", "fake") == 1
    out, err = capsys.readouterr()
    assert "14 planned = 7 finished + 7 failed + 0 missing" in out
    study = project.store.study
    for (failure, sentence), finished, failed in zip(
        FAILURES.items(), study.runs()[::2], study.runs()[1::2], strict=True
    ):
        assert f"failed: line/{failure}/seed-1: {sentence}" in err
        assert f"failed: line/{failure}/seed-1: {sentence}" in out
        assert project.store.entry(finished).status == "finished"
        entry = project.store.entry(failed)
        assert (entry.status, entry.run.configuration.name) == ("failed", failure)
        assert entry.manifest["error"]["traceback"]
        attempts = entry.manifest["attempts"]
        assert len(attempts) == (3 if sentence.startswith("WorkerDied") else 0)
        for number, attempt in enumerate(attempts[:-1], 1):
            again = f"line/{failure}/seed-1: {attempt['how']} (attempt {number} of 3)"
            assert f"retrying: {again}" in err
            assert sentence.startswith(f"WorkerDied: {attempt['how'][:30]}")
        stored = project.store.directory(failed).iterdir()
        assert [file.name for file in stored] == ["manifest.json"]

    # Again: only what may end otherwise the next time is tried once more.
    assert project.tfrl("run", "fake") == 1
    out, err = capsys.readouterr()
    assert "fake: 3 of 14 runs to train" in err
    for failure in NO_FAULT_OF_THE_RUN:
        assert f"1 stored run to rerun: {FAILURES[failure]}" in err
    assert "14 planned = 7 finished + 7 failed + 0 missing" in out


def test_only_failures_of_the_seeds_asked_for_make_the_exit_status(project, capsys):
    project.write(configure('failure = "raise"\n'))
    assert project.tfrl("run", "fake") == 1
    capsys.readouterr()
    assert project.tfrl("run", "fake", "--seeds", "0,2") == 0
    out, _ = capsys.readouterr()
    assert "8 planned = 7 finished + 1 failed + 0 missing" in out
    assert "failed: line" not in out
    assert project.tfrl("run", "fake", "--seeds", "1") == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lerning_rate = 1\n", "two: fake has no hyperparameter lerning_rate (did you mean learn"),
        ("layers = 3\n", "two.layers must be a list of integers, got 3"),
        ("layers = [true]\n", "two.layers must be a finite number"),
        ("double = 1\n", "two.double must be true or false, got 1"),
        ("seconds = true\n", "two.seconds must be a number, got true"),
        ("failing_seed = 1.0\n", "two.failing_seed must be an integer, got 1.0"),
        ("failure = 1\n", "two.failure must be a string, got 1"),
        ("[configurations.bad]\npipeline = 'none'\n", "bad.pipeline: 'none' is no pipeline"),
        (
            "[configurations.bad]\npipeline = 'fake'\nlearning_rate = 0\n",
            "bad: learning_rate is a positive number",
        ),
    ],
)
def test_hyperparameters_are_checked_against_the_pipeline(project, capsys, text, sentence):
    project.write(configure(text))
    assert project.tfrl("run", "fake") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"tfrl: studies/fake.toml: configurations.{sentence}")
    assert err.count("\n") == 1
    assert project.visible() == []


def test_an_unknown_environment_is_a_mistake(project, changed, capsys):
    project.write(changed("Line-v0", "Cart-v0"))
    assert project.tfrl("run", "fake") == 2
    sentence = "environments.line: 'Cart-v0' is no environment: expected Line-v0"
    assert capsys.readouterr().err == f"tfrl: studies/fake.toml: {sentence}\n"


def test_code_changed_meanwhile_is_not_taken_for_the_code_before(project, monkeypatch, capsys):
    source = Path("source.py")
    source.write_text("a = 1")
    monkeypatch.setenv("FAKE_SOURCE", str(source))
    both = 'pipeline = "fake"\ngate = "gate"\nfile = "made"'
    project.write(fake.STUDY.replace('pipeline = "fake"', both))
    process = project.start("run", "fake", "--jobs", "1")
    wait_until(Path("made.trainers").exists, "a worker is at work")
    source.write_text("a = 2")
    Path("gate").touch()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and "4 finished + 4 failed + 0 missing" in out
    assert (
        err.count("CodeChanged: the code was changed after `tfrl run` started\n") == 1
    )  # all alike

    assert project.tfrl("run", "fake") == 0
    assert len(made(project)) == 4 and len(project.fingerprints()) == 8
    assert "8 of 8 runs to train" in capsys.readouterr().err


def wait_for_runs(number: int) -> None:
    stored = Path("runs").glob
    wait_until(lambda: len(list(stored("*/*/*/seed-*"))) >= number, f"{number} runs are stored")


def test_ctrl_c_ends_cleanly_and_the_rest_follows(project):
    project.write(configure('gate = "gate"\n'))
    process = project.start("run", "fake", "--jobs", "2")
    wait_for_runs(4)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to parent and workers alike
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert err.endswith("interrupted: run the same command to resume\n")
    assert Counter(project.statuses().values()) == {"finished": 4, "missing": 4}
    assert "4 finished + 0 failed + 4 missing" in out
    assert all(name.startswith("seed-") for name in project.visible())

    finished = project.fingerprints()
    Path("gate").touch()
    assert project.tfrl("run", "fake") == 0
    assert len(project.fingerprints()) == 8
    assert finished.items() <= project.fingerprints().items()


def test_ctrl_c_while_a_worker_starts_is_not_lost(project, monkeypatch):
    """The worker is not to hear it; the parent hears it as soon as the worker has started."""
    start = multiprocessing.get_context("spawn").Process.start

    def interrupted(process):
        start(process)
        os.kill(os.getpid(), signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(multiprocessing.get_context("spawn").Process, "start", interrupted)
            assert project.tfrl("run", "fake", "--jobs", "1") == 130
    finally:
        signal.signal(signal.SIGINT, handler)
    assert project.tfrl("run", "fake") == 0


def test_a_worker_s_libraries_have_one_thread_each(project, capsys):
    project.write(configure('failure = "threads"\n'))
    assert project.tfrl("run", "fake", "--seeds", "1") == 1
    told = "RuntimeError: OMP_NUM_THREADS=1, OPENBLAS_NUM_THREADS=1, MKL_NUM_THREADS=1 ("
    assert told in capsys.readouterr().out.splitlines()[-1]


def test_each_manifest_says_how_the_run_came_about(project, capsys, monkeypatch):
    found = git.Revision("c" * 40, b"diff --git a/a b/a\n")
    monkeypatch.setattr(git, "revision", lambda *_: found)
    monkeypatch.setattr(sys, "argv", ["/home/me/bin/tfrl", "run", "fake", "--runs", "my runs"])
    project.write(configure('failure = "raise"\n'))
    assert project.tfrl("run", "fake", "--runs", "my runs") == 1
    entries = RunStore(project.store.study, Path("my runs")).entries()
    for manifest in [entry.manifest for entry in entries]:
        assert manifest["command"] == "tfrl run fake --runs 'my runs'"
        assert manifest["git"] == f"{found.commit}+changes"
        diff = Path("my runs/fake/.diffs", f"{manifest['diff_sha256']}.patch")
        assert diff.read_bytes() == found.diff
        assert len(manifest["lock_sha256"]) == 64
        assert manifest["versions"]["python"] == platform.python_version()
        assert manifest["processor"]["machine"] == platform.machine()
        assert manifest["cores"] == os.cpu_count()
        assert manifest["variables"]["OMP_NUM_THREADS"] == "1"
        assert 10 < manifest["peak_memory_mib"] < 4000
        assert manifest["started"] <= manifest["finished"]
        assert manifest["timings"]["total"] > 0
    told = stored_results.load(project.store.study, Path("my runs"), fake.Engine()).manifest
    assert told["diff_sha256"] == entries[0].manifest["diff_sha256"]
    assert told["command"] == "tfrl run fake --runs 'my runs'"
    assert told["peak_memory"].endswith(" MiB in one worker process")


class SlowToStore(fake.Engine):
    """Takes two seconds for storing a run."""

    def configure(self):
        publish = RunStore.publish

        def slowly(*arguments):
            time.sleep(2)
            publish(*arguments)

        RunStore.publish = slowly


def test_a_run_that_is_stored_while_it_is_ended_for_its_time_has_finished(project, capsys):
    arguments = ("run", "fake", "--seeds", "0", "--time-limit", "0.01")
    assert cli.main(arguments, SlowToStore()) == 0
    assert "2 finished + 0 failed" in capsys.readouterr().out
    assert Counter(project.statuses().values()) == {"finished": 2, "missing": 6}


def test_a_system_without_a_choice_of_processors_gives_all_of_them(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert LocalBackend().capacity() == os.cpu_count()


def test_a_file_system_without_locks_is_one_sentence(project, capsys, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    assert project.tfrl("run", "fake") == 2
    assert capsys.readouterr().err == "tfrl: runs/fake cannot be used: No locks available\n"


def test_debug_makes_one_run_and_stores_nothing(project, capsys):
    before = project.stored()
    assert project.tfrl("run", "fake", "--debug", "two", "--seeds", "2") == 0
    out = capsys.readouterr().out
    assert "line/two/seed-2 without XLA, for 1,000 steps: nothing is stored\n" in out
    assert project.tfrl("run", "fake", "--debug", "three") == 2
    sentence = "--debug is 'three': expected a configuration of the study, one, two\n"
    assert capsys.readouterr().err.endswith(sentence)
    assert project.stored() == before
