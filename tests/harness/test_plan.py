"""`tfrl run --plan`: what would be made, and why."""

import re
from pathlib import Path

import pytest

from tests.harness import fake
from tfrl.harness.provenance import run_context


@pytest.fixture(autouse=True)
def source(project, monkeypatch) -> Path:
    """The code of the fake pipeline."""
    file = Path("source.py")
    file.write_text("a = 1")
    monkeypatch.setenv("FAKE_SOURCE", str(file))
    return file


def plan(project, capsys, *options: str) -> list[str]:
    """The lines that it prints; it changes nothing and waits for nobody."""
    before = project.stored()
    capsys.readouterr()
    with project.store.locked():
        assert project.tfrl("run", "fake", "--plan", *options) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert project.stored() == before
    return out.splitlines()


def test_where_nothing_is_stored_all_is_missing(project, capsys):
    assert project.tfrl("run", "fake", "--plan") == 0
    assert not Path("runs").exists()
    first, _, _, one, two = capsys.readouterr().out.splitlines()
    assert first == "fake: 8 of 8 runs to train in runs/fake"
    assert re.fullmatch(r"line +one +4 +4 +0 +0 +0 +4", one)
    assert re.fullmatch(r"line +two +4 +4 +0 +0 +0 +4", two)


def test_each_reason_is_counted_and_named(project, capsys):
    project.write(fake.STUDY + 'failure = "kill"\n')
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 1
    damaged = Path("runs/fake/line/one/seed-0/episodes.parquet")
    damaged.write_bytes(damaged.read_bytes()[:-1])
    first, _, _, one, two, *reasons = plan(project, capsys)
    assert first == "fake: 4 of 8 runs to train in runs/fake"
    assert re.fullmatch(r"line +one +4 +1 +0 +0 +1 +2", one)
    assert re.fullmatch(r"line +two +4 +1 +1 +0 +0 +2", two)
    assert reasons[0].startswith(f"damaged: line/one/seed-0: {damaged} is damaged: ")
    assert reasons[1].startswith("failed: line/two/seed-1: WorkerDied: the worker process was ki")
    assert len(reasons) == 2

    project.write(fake.STUDY.replace("0.5", "0.25") + 'failure = "kill"\nlayers = [8]\n')
    _, _, _, _, two, reason = plan(project, capsys, "--seeds", "1-2")
    assert re.fullmatch(r"line +two +2 +0 +0 +2 +0 +2", two)
    settings = ("learning_rate was 0.5, is 0.25", "layers was [4, 4], is [8]")
    changes = ", ".join(f"configurations.two.{setting}" for setting in settings)
    assert reason == f"changed: line/two/seed-1, line/two/seed-2: {changes}"


def test_code_and_packages_that_changed_are_reasons(project, capsys, source, monkeypatch):
    assert project.tfrl("run", "fake") == 0
    assert plan(project, capsys)[0] == "fake: 0 of 8 runs to train in runs/fake"
    source.write_text("a = 2")
    runs = "line/one/seed-0, line/one/seed-1, line/one/seed-2 and 5 more"
    assert plan(project, capsys)[-1] == f"changed: {runs}: the code changed"
    source.write_text("a = 1")
    monkeypatch.setattr(run_context, "_version", lambda package: "99.1")
    assert re.match(
        rf"changed: {runs}: tensorflow was \S+, is 99.1, tf-agents was ", plan(project, capsys)[-1]
    )


def test_what_would_fail_again_is_left_out_and_said(project, capsys):
    project.write(fake.STUDY + 'failure = "raise"\n')
    assert project.tfrl("run", "fake") == 1
    first, *_, last = plan(project, capsys)
    assert first == "fake: 0 of 8 runs to train in runs/fake"
    assert last.startswith("failed with a deterministic error: line/two/seed-1 (`tfrl retry` ")


def test_hundreds_of_reasons_are_a_screenful(project, changed, capsys):
    project.write(changed('"0-3"', '"0-49"'))
    assert project.tfrl("run", "fake") == 0
    for file in Path("runs/fake/line/one").glob("*/manifest.json"):
        file.write_bytes(b"")
    lines = plan(project, capsys)
    assert re.fullmatch(r"line +one +50 +0 +0 +0 +50 +50", lines[3])
    assert lines[-1] == "damaged: 40 more, for 40 other reasons"
    assert len(lines) < 24


def test_a_mistake_in_the_study_is_a_sentence(project, capsys):
    project.write(fake.STUDY + "lerning_rate = 1\n")
    assert project.tfrl("run", "fake", "--plan") == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "two: fake has no hyperparameter lerning_rate (did you mean learning_rate?)" in err
