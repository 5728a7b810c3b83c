"""`tfrl show`: what is stored of a run, for people."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.harness import fake
from tests.harness.test_counted_runs import make_old
from tests.harness.test_run_store import publish
from tfrl.harness.provenance import git
from tfrl.harness.store import manifest, stored_results, tables
from tfrl.harness.store.manifest import differences

OLD = Path(__file__).parent / "stored_by_0_1_0"  # a run as tfrl 0.1.0 stored it, to the byte


def show(project, capsys, run: str) -> str:
    """What it prints."""
    capsys.readouterr()
    assert project.tfrl("show", run) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def rows(printed: str) -> dict[str, str]:
    """The entries of what it prints, each in one line."""
    entries = re.sub(r"\n {4,}", " ", printed).partition("\n\n")[0].splitlines()
    return dict(re.split(r" {2,}", line, maxsplit=1) for line in entries)


def test_all_that_made_a_run_is_shown(project, capsys, monkeypatch):
    found = git.Revision("c" * 40, b"diff --git a/a b/a\n")
    monkeypatch.setattr(git, "revision", lambda *_: found)
    monkeypatch.setattr(sys, "argv", ["tfrl", "run", "fake"])
    assert project.tfrl("run", "fake", "--seeds", "3") == 0
    printed = show(project, capsys, "fake/line/two/seed-3")
    folder = Path("runs/fake/line/two/seed-3")
    for name in ("fake/line/two/3", f"{folder}/"):
        assert show(project, capsys, name) == printed
    absolute = rows(show(project, capsys, str(folder.absolute())))
    shown, stored = rows(printed), json.loads((folder / "manifest.json").read_text())
    assert absolute["fingerprint"] == shown["fingerprint"]
    for key, row in {
        "status": "status",
        "started": "started",
        "fingerprint": "fingerprint",
        "command": "command",
        "code": "code",
        "git": "git revision",
        "lock_sha256": "lock",
        "cores": "cores",
        "system": "system",
    }.items():
        assert shown[row] == str(stored[key])
    assert shown["command"] == "tfrl run fake"
    assert Path(shown["uncommitted changes"]).read_bytes() == found.diff
    assert "learning_rate = 0.5" in shown["hyperparameters"]
    assert shown["peak memory"].startswith(f"{stored['peak_memory_mib']} MiB")
    assert re.match(r"\d+ s, compile 0\.0 s, train 0\.0 s, evaluate 0\.0 s$", shown["duration"])
    for package, version in stored["versions"].items():
        assert f"{package} = {version}" in shown["versions"]
    assert stored["processor"]["model"] in shown["processor"]


def test_of_a_failed_run_the_traceback_is_shown(project, capsys):
    project.write(fake.STUDY + 'failure = "raise"\n')
    assert project.tfrl("run", "fake", "--seeds", "1") == 1
    printed = show(project, capsys, "fake/line/two/1")
    assert rows(printed)["error"].startswith("RuntimeError: the <first> line (")
    traceback = printed.partition("\n\n")[2]
    assert traceback.startswith("Traceback (most recent call last):\n")
    assert traceback.endswith("RuntimeError: the <first> line\nand a second\n")


def test_a_run_stored_before_all_this_was_noted_counts_and_is_shown(project, capsys):
    run = project.store.study.runs()[0]
    shutil.copytree(OLD, project.store.directory(run))
    entry = project.store.entry(run)
    assert (entry.status, entry.note) == ("finished", None)
    assert project.store.tables(entry)["episodes"].num_rows == 50
    today = entry.manifest["code"], entry.manifest["versions"]
    assert differences(entry.manifest, project.store.planned(run, entry.manifest, *today)) == []
    results = stored_results.load(project.store.study, engine=fake.Engine())
    assert results.runs["status"].tolist() == ["finished"] + ["missing"] * 7
    assert results.manifest["processor"]["model"] == "AMD EPYC"
    assert results.manifest["diff_sha256"] == "none"
    assert results.manifest["command"] is results.manifest["peak_memory"] is None
    shown = rows(show(project, capsys, "fake/line/one/0"))
    assert shown["git revision"] == "1ec2ba444c0ee40903987653b48e2892eb276e24"
    assert {shown[key] for key in ("command", "threads", "peak memory", "system")} == {"unknown"}


@pytest.mark.parametrize("run", ["fake/line/one/4", "line/one/seed-0", "fake", "", "/", "a\x1b[2J"])
def test_a_run_that_is_not_there_is_a_sentence(project, capsys, run):
    publish(project.store)
    assert project.tfrl("show", run) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "\x1b" not in err
    assert err.startswith(f"tfrl: there is no run {run!r} in runs: expected the name of a stored")


def test_a_run_that_cannot_be_read_is_a_sentence(project, capsys):
    store = project.store
    for seed in range(3):
        publish(store, seed)
    make_old(store, store.study.runs()[0])
    damaged = store.directory(store.study.runs()[1]) / "manifest.json"
    damaged.write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "SCHEMA", manifest.SCHEMA + 1)
        publish(store, 2)
    for seed, sentence in enumerate(
        ["seed-0 was stored by an older tfrl", "is damaged: ", "was written by a newer tfrl"]
    ):
        assert project.tfrl("show", f"fake/line/one/{seed}") == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1
        assert sentence in err


def test_each_loss_is_shown_with_its_curve(project, capsys, monkeypatch):
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    path = Path("runs/fake/line/one/seed-0/losses.parquet")
    values = {"step": [10, 20, 30, 40], "name": ["loss"] * 4, "value": [0.0, 1.0, 2.0, 7.0]}
    checksum = tables.write(tables.from_columns(values, tables.LOSSES), path)
    entry = project.store.entries()[0]
    changed = {**entry.manifest, "tables_sha256": {"losses": checksum}}
    monkeypatch.setattr(manifest, "read", lambda path: changed)
    printed = show(project, capsys, "fake/line/one/0")
    line = printed.splitlines()[-1]
    assert line.split() == ["loss", "0", "7", "0", "7", "▁▂▃█"]
