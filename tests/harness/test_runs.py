"""`tfrl runs`: listing, pruning and restoring stored runs."""

import json
import re
from pathlib import Path

import pytest

from tests.harness.test_run_store import publish
from tests.harness.test_status import fail
from tfrl.harness.provenance import run_context


@pytest.fixture
def source(project, monkeypatch) -> Path:
    """The file with the code of all runs, which are stored."""
    file = Path("source.py").absolute()
    file.write_text("a = 1")
    monkeypatch.setenv("FAKE_SOURCE", str(file))
    assert project.tfrl("run", "fake") == 0
    return file


def told(project, capsys, *arguments: str) -> list[dict]:
    capsys.readouterr()
    assert project.tfrl("runs", "--json", *arguments) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def kinds(project, capsys) -> dict[str, str]:
    """Returns the kind of each stored item of the fake study."""
    (study,) = told(project, capsys, "fake")
    assert all(item["bytes"] > 0 for item in study["runs"])
    return {item["path"].removeprefix("runs/fake/"): item["kind"] for item in study["runs"]}


def test_everything_is_told_once_by_its_kind(project, source, capsys):
    store = project.store
    runs = store.study.runs()
    code = run_context.code_sha256([source])
    publish(store, 1)  # with other code
    fail(store, 2, ValueError("no"))  # with other code
    (store.directory(runs[3]) / "manifest.json").write_text("{")
    store.checkpoint(runs[4]).write_bytes(b"...")
    store.directory(runs[5]).rename(store.directory(runs[5]).with_name("seed-99"))
    Path("runs/README.md").write_text("about them")
    Path("runs/fake/notes").mkdir()
    (Path("runs/fake/notes") / "mine.txt").write_text("mine")
    assert kinds(project, capsys) == {
        "line/one/seed-0": "counts",
        "line/one/seed-1": "out of date",
        "line/one/seed-2": "out of date",
        "line/one/seed-3": "damaged",
        "line/two/.seed-0.checkpoint": "checkpoint",
        "line/two/seed-0": "counts",
        "line/two/seed-99": "orphaned",
        "line/two/seed-2": "counts",
        "line/two/seed-3": "counts",
        ".replaced/line/one/seed-1": "replaced",
        ".replaced/line/one/seed-2": "replaced",
    }
    assert store.replaced_entry(runs[1]).manifest["code"] == code
    assert project.tfrl("runs") == 0
    out = capsys.readouterr().out
    assert re.search(r"fake +4 +0 +2 +1 +2 +1 +1 +\d+ kB", out)
    assert re.search(r"\nfake: \d out of date: .*the code changed\n", out)
    assert "fake: 2 replaced: counts after `tfrl runs --restore`" in out
    assert "`tfrl runs --prune` would delete 3 of these: " in out
    assert len(out.splitlines()) < 24


def test_what_is_of_no_use_goes_and_nothing_else(project, source, capsys):
    source.write_text("a = 2")
    assert project.tfrl("run", "fake") == 0
    publish(project.store, 7)
    orphan = Path("runs/fake/line/gone/seed-0")
    orphan.mkdir(parents=True)
    (orphan / "manifest.json").write_text("{}")
    mine = Path("runs/fake/line/one/notes.txt")
    mine.write_text("mine")
    counting = project.stored().keys() - {"runs/fake/line/two/seed-3"}
    capsys.readouterr()
    assert project.tfrl("runs", "fake", "--prune") == 0
    out = capsys.readouterr().out
    assert re.fullmatch(r"fake: deleted 1 orphaned, 1 out of date, 7 replaced: \d+ kB\n", out)
    left = set(kinds(project, capsys).items())
    assert ("line/two/seed-3", "counts") not in left
    assert (".replaced/line/two/seed-3", "replaced") in left  # it counts after --restore
    assert len(left) == 8
    assert mine.exists() and not orphan.parent.exists()
    assert {
        name
        for name in counting
        if "/.replaced/" not in name and "two/seed-3" not in name and "gone" not in name
    } <= project.stored().keys()
    assert project.tfrl("runs", "fake", "--prune") == 0
    assert capsys.readouterr().out == "nothing to delete\n"


def test_what_was_replaced_comes_back_once_it_counts_again(project, source, capsys):
    first = project.stored()
    source.write_text("a = 2")
    assert project.tfrl("run", "fake") == 0
    assert project.tfrl("runs", "fake", "--restore") == 0
    assert capsys.readouterr().out.endswith("fake: 0 restored\n")
    source.write_text("a = 3")
    assert project.tfrl("runs", "fake", "--restore") == 0
    assert capsys.readouterr().out.splitlines() == [
        "fake: 0 restored",
        "fake: 8 not restored: the code changed; undo that change first",
    ]
    source.write_text("a = 1")
    damaged = Path("runs/fake/.replaced/line/two/seed-3/episodes.parquet")
    damaged.write_bytes(b"")
    assert project.tfrl("runs", "fake", "--restore") == 0
    out = capsys.readouterr().out
    assert out.startswith("fake: 7 restored\n")
    assert f"1 not restored: {damaged} is damaged" in out
    now = project.stored()
    brought = {name for name in first if "/seed-" in name and "two/seed-3" not in name}
    assert len(brought) == 7 * 5
    assert all(now[name] == first[name] for name in brought)
    assert project.tfrl("run", "fake") == 0
    assert "fake: 1 of 8 runs to train" in capsys.readouterr().err


def test_runs_of_a_study_that_is_gone_are_orphaned(project, source, capsys):
    project.file.unlink()
    ((study),) = told(project, capsys)
    assert (study["study"], len(study["runs"])) == ("fake", 8)
    assert {item["kind"] for item in study["runs"]} == {"orphaned"}
    assert project.tfrl("runs", "--prune") == 0
    assert "fake: deleted 8 orphaned: " in capsys.readouterr().out
    assert told(project, capsys) == []


def test_a_study_with_a_mistake_loses_nothing(project, source, capsys):
    before = project.stored()
    project.write("title = 1")
    before["studies/fake.toml"] = b"title = 1"
    for option in ("--prune", "--restore"):
        capsys.readouterr()
        assert project.tfrl("runs", option) == 2
        assert capsys.readouterr().err.startswith(
            "tfrl: studies/fake.toml: title must be a one-line st"
        )
    assert project.stored() == before


@pytest.mark.parametrize("option", ["--prune", "--restore"])
@pytest.mark.parametrize("is_there", [True, False])
def test_while_runs_are_being_made_nothing_is_touched(project, capsys, option, is_there):
    for code in ("1" * 64, "2" * 64):
        publish(project.store, 0, code)
    with project.store.locked():
        before = project.stored()
        if not is_there:
            project.file.unlink()
            del before["studies/fake.toml"]
        status = project.tfrl("runs", "fake", option)
        assert project.stored() == before
    if is_there or option == "--prune":
        assert status == 2
        assert "another `tfrl run` is using runs/fake" in capsys.readouterr().err


@pytest.mark.parametrize("level", ["fake", "fake/.replaced", "fake/line", "fake/line/one/seed-0"])
def test_no_link_is_followed(project, capsys, level):
    outside = Path("outside")
    publish(project.store)
    place = Path("runs") / level
    if place.exists():
        place.rename(outside)
    else:
        (outside / "line/gone/seed-0").mkdir(parents=True)
        (outside / "line/gone/seed-0/file").write_text("")
    place.symlink_to(outside.absolute(), target_is_directory=True)
    before = {path for path in outside.rglob("*") if path.name != ".lock"}
    for option in ([], ["--prune"], ["--restore"]):
        project.tfrl("runs", *option)
        assert project.tfrl("runs", "fake", *option) == (2 if option else 0)
    assert {path for path in outside.rglob("*") if path.name != ".lock"} == before
    assert "is a link" in capsys.readouterr().err


def test_a_study_that_is_not_there_is_a_sentence(project, capsys):
    assert project.tfrl("runs", "fak") == 2
    assert capsys.readouterr().err.startswith("tfrl: there is no study 'fak'")
    assert project.tfrl("runs") == 0
    assert capsys.readouterr().out == "no run is stored in runs\n"
