"""`tfrl retry`: the failed runs of a study and no others, made as `tfrl run` makes them."""

from collections import Counter
from pathlib import Path

from tests.harness import fake


def made() -> Counter:
    """How often each seed of the second configuration was run."""
    return Counter(Path("made").read_text().split())


def test_every_failed_run_is_made_again_and_no_other(project, capsys):
    project.write(fake.STUDY + 'failure = "until mended"\nfile = "made"\n')
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 1
    assert project.tfrl("run", "fake", "--seeds", "0-2") == 1  # it would fail again, so it is left
    assert made() == {"0": 1, "1": 1, "2": 1}
    before = project.fingerprints()
    capsys.readouterr()

    assert project.tfrl("retry", "fake", "--jobs", "1") == 1
    out, err = capsys.readouterr()
    assert [line.partition(" (")[0] for line in err.splitlines()] == [
        "1 stored run to rerun: RuntimeError: not mended yet",
        "fake: 1 of 8 runs to train",
        "failed: line/two/seed-1: RuntimeError: not mended yet",
    ]
    assert err.count("fake.py, line ") == 2  # where it was raised
    assert "8 planned = 5 finished + 1 failed + 2 missing in runs/fake" in out
    assert made() == {"0": 1, "1": 2, "2": 1}

    Path("mended").touch()
    assert project.tfrl("retry", "fake") == 0
    assert "8 planned = 6 finished + 0 failed + 2 missing in runs/fake" in capsys.readouterr().out
    assert made() == {"0": 1, "1": 3, "2": 1}
    after = project.fingerprints()
    assert after.keys() - before.keys() == {"line/two/seed-1"}
    assert before.items() <= after.items()


def test_where_nothing_failed_nothing_is_made(project, capsys):
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    before = project.fingerprints()
    capsys.readouterr()
    assert project.tfrl("retry", "fake") == 0
    assert capsys.readouterr().err == "fake: 0 of 8 runs to train\n"
    assert project.fingerprints() == before


def test_while_runs_are_being_made_it_is_refused(project, capsys):
    with project.store.locked():
        assert project.tfrl("retry", "fake") == 2
    assert capsys.readouterr().err.startswith("tfrl: another `tfrl run` is using runs/fake:")
