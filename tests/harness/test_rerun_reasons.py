"""Stored runs that `tfrl run` reruns, and the reasons it prints."""

from pathlib import Path

from tests.harness import fake
from tfrl.harness.provenance import run_context


def test_packages_of_another_version_make_runs_again(project, capsys, monkeypatch):
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    monkeypatch.setattr(run_context, "_version", lambda package: "99.1")
    capsys.readouterr()
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    reason, _ = capsys.readouterr().err.splitlines()
    assert reason.startswith("2 stored runs to rerun: tensorflow was 2.")
    assert ", is 99.1, tf-agents was 0." in reason
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    assert capsys.readouterr().err == "fake: 0 of 8 runs to train\n"


def test_what_was_stored_otherwise_is_made_again_and_the_reason_named(project, capsys, monkeypatch):
    source = Path("source.py")
    source.write_text("a = 1")
    monkeypatch.setenv("FAKE_SOURCE", str(source))
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    capsys.readouterr()

    project.write(fake.STUDY.replace("0.5", "0.25"))
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    assert capsys.readouterr().err.splitlines() == [
        "1 stored run to rerun: configurations.two.learning_rate was 0.5, is 0.25",
        "fake: 1 of 8 runs to train",
    ]

    source.write_text("a = 2")
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    assert "2 stored runs to rerun: the code changed\n" in capsys.readouterr().err

    run = project.store.study.runs()[0]
    (project.store.directory(run) / "episodes.parquet").write_bytes(b"")
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    assert (
        capsys.readouterr()
        .err.splitlines()[0]
        .startswith(
            "1 stored run to rerun: runs/fake/line/one/seed-0/episodes.parquet is damaged: "
        )
    )
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    assert capsys.readouterr().err == "fake: 0 of 8 runs to train\n"
