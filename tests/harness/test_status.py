"""`tfrl status`: what has become of a study's runs, also while they are made."""

import fcntl
import re
import threading
from pathlib import Path

import pytest

from tests.harness import fake
from tests.harness.test_run_store import CODE, publish
from tests.torture.common import wait_until
from tfrl.cli import status_tables
from tfrl.harness.store import manifest
from tfrl.harness.store.run_store import RunStore

HOSTILE = "\x1b[2J\x1b]0;owned\x07 \r\u202edetsurt \x9b1A"  # what a terminal would obey


def fail(store: RunStore, position: int, error: BaseException) -> None:
    """Store a run of the study, by its position there, as failed."""
    study, run = store.study, store.study.runs()[position]
    defaults = {"learning_rate": 0.1, "layers": (4, 4)}
    given = {**defaults, **run.configuration.hyperparameters}
    identity = manifest.identity(study, run, given, defaults, CODE, {})
    provenance = {"git": None, "lock_sha256": None, "versions": {}, "processor": {}}
    store.publish(run, manifest.complete(identity, provenance, manifest.failed(error), 1.5), {})


def status(project, capsys) -> list[str]:
    """The lines that it prints."""
    capsys.readouterr()
    assert project.tfrl("status", "fake") == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.splitlines()


def test_every_run_is_counted_once_and_what_is_amiss_is_named(project, capsys):
    store = project.store
    for position in (0, 1, 2, 4):
        publish(store, position)
    fail(store, 5, FloatingPointError("the loss is NaN"))
    fail(store, 6, FloatingPointError("the loss is NaN"))
    damaged = store.directory(store.study.runs()[1]) / "manifest.json"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    store.directory(store.study.runs()[2]).rename(store.directory(store.study.runs()[3]))
    first, _, _, one, two, *told = status(project, capsys)
    assert first == (
        "fake: 8 planned = 1 finished + 2 failed + 5 missing in runs/fake; not running"
    )
    assert re.fullmatch(r"line +one +4 +1 +0 +3 +1\.5", one)
    assert re.fullmatch(r"line +two +4 +0 +2 +2 +3\.0", two)
    failed, unread, elsewhere, changed, shown, *outdated = told
    assert failed == "failed: line/two/seed-1, line/two/seed-2: FloatingPointError: the loss is NaN"
    assert shown == "`tfrl show fake/line/two/seed-1` shows the traceback of a failed run"
    assert unread.startswith(f"not counted: line/one/seed-1: {damaged} is damaged: ")
    assert elsewhere == "not counted: line/one/seed-3: seed was 2, is 3"
    assert (
        changed == "not counted: line/two/seed-0: configurations.two.learning_rate was 0.1, is 0.5"
    )
    assert all("other code or packages than the current ones" in line for line in outdated)


def test_a_study_of_which_nothing_is_stored_stays_so(project, capsys):
    before = project.stored()
    first, *_ = status(project, capsys)
    assert first == (
        "fake: 8 planned = 0 finished + 0 failed + 8 missing in runs/fake; not running"
    )
    assert project.stored() == before
    assert not Path("runs").exists()


def test_it_works_while_the_study_runs(project, capsys):
    project.write(fake.STUDY + 'gate = "gate"\n')
    process = project.start("run", "fake", "--jobs", "2")
    wait_until(lambda: " 4 finished " in status(project, capsys)[0], "one configuration is done")
    assert status(project, capsys)[0] == (
        "fake: 8 planned = 4 finished + 0 failed + 4 missing in runs/fake; running"
    )
    Path("gate").touch()
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert (
        " 8 finished + 0 failed + 0 missing in runs/fake; not running" in status(project, capsys)[0]
    )


def test_to_look_at_the_lock_keeps_nobody_from_taking_it(project):
    with project.store.locked():
        pass
    with (project.store.folder / ".lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        threading.Timer(0.02, fcntl.flock, (file, fcntl.LOCK_UN)).start()
        with project.store.locked():
            assert project.store.is_locked()
    assert not project.store.is_locked()


def test_hundreds_of_failures_are_a_screenful(project, changed, capsys):
    project.write(changed('"0-3"', '"0-199"'))
    store = project.store
    for seed in range(100):
        fail(store, seed, RuntimeError("always the same"))
    for seed in range(100, 200):
        fail(store, seed, RuntimeError(f"the loss is NaN after {seed} steps" + "!" * 9000))
    lines = status(project, capsys)
    assert len(lines) < 24
    assert max(map(len, lines)) < 700
    same = "line/one/seed-0, line/one/seed-1, line/one/seed-2 and 97 more"
    assert f"failed: {same}: RuntimeError: always the same" in lines
    assert "failed: 91 more, for 91 other reasons" in lines


def test_what_a_stored_text_says_to_a_terminal_is_spelt_out(project, capsys):
    fail(project.store, 0, RuntimeError(f"before {HOSTILE} after"))
    for verb in (["status", "fake"], ["show", "fake/line/one/0"], ["retry", "fake"]):
        assert project.tfrl(*verb) == 0
        printed = "".join(capsys.readouterr())
        assert all(letter.isprintable() for letter in printed.replace("\n", ""))
        assert r"before \x1b[2J\x1b]0;owned\x07" in printed


def test_runs_of_unlike_makers_are_told(project, capsys):
    for position, version in enumerate(["2.0", "2.1", "2.1"]):
        publish(project.store, position, versions={"numpy": version})
    sentence = "Not all runs have the same code and machine: numpy 2.1 for 2 and 2.0 for 1."
    assert any(line.startswith(sentence) for line in status(project, capsys))


def test_a_newer_schema_is_a_sentence(project, capsys):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "SCHEMA", manifest.SCHEMA + 1)
        publish(project.store)
    assert project.tfrl("status", "fake") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert err.startswith("tfrl: runs/fake/line/one/seed-0/manifest.json was written by a newer ")


def test_names_that_look_like_numbers_are_shown_as_they_are(project, capsys):
    study = fake.STUDY.replace("[configurations.one]", '[configurations."1e-3"]')
    project.write(study.replace('line = "L', '1e5 = "L').replace('"Fake"', '"2e3"'))
    assert any(re.match(r"1e5 +1e-3 +4 ", line) for line in status(project, capsys))
    assert project.tfrl("list") == 0
    assert re.search(r"\nfake +2e3 +8 ", capsys.readouterr().out)


def test_reasons_that_are_left_out_have_their_kinds_named(project, capsys):
    runs = project.store.study.runs()
    notes = [("changed", runs[0], f"{n} was 0, is 1") for n in range(15)]
    *_, last = status_tables._by_reason([*notes, ("damaged", runs[0], "it is damaged")])
    assert last == "changed, damaged: 6 more, for 6 other reasons"
