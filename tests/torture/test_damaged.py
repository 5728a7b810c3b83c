"""Rows 4 and 9: truncated files, flipped bits, and runs of other versions of tfrl."""

import random
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.harness import fake
from tests.harness.test_counted_runs import make_old
from tests.harness.test_run_store import publish
from tests.torture import size
from tests.torture.common import made, study
from tfrl.harness.errors import DamagedError, StoreError
from tfrl.harness.store import manifest, stored_results
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import Run

# Runs of tfrl 0.1 from before manifests had checksums of the tables, and their hyperparameters.
STORED = Path(__file__).parent / "stored" / "schema-2"
GIVEN = 'failing_seed = 2\nfailure = "nan"\n'


def damage(store: RunStore, run: Run) -> str | None:
    """Returns the error of a damaged stored run; None if it is valid."""
    entry = store.entry(run)
    if entry.status == "missing":
        return entry.note
    try:
        store.tables(entry)
    except DamagedError as error:
        return str(error)
    return None


@pytest.fixture
def files(project) -> list[Path]:
    """The files of a stored run."""
    publish(project.store)
    return sorted(project.store.directory(project.store.study.runs()[0]).iterdir())


def test_a_file_cut_off_anywhere_is_named(project, figure, files):
    store, run, cuts = project.store, project.store.study.runs()[0], 0
    for file in files:
        whole = file.read_bytes()
        for length in range(0, len(whole), size(97, 1)):
            file.write_bytes(whole[:length])
            assert str(damage(store, run)).startswith(f"{file} is damaged: ")
            cuts += 1
        file.unlink()
        assert str(damage(store, run)).startswith(str(file))
        file.write_bytes(whole)
        assert damage(store, run) is None
    figure(4, f"cut off at {cuts} of {cuts} offsets of {len(files)} files: each time it is named")


def test_any_bit_that_flips_is_noticed(project, figure, files):
    store, run, chance = project.store, project.store.study.runs()[0], random.Random(4)
    flips = size(200, 1000)
    sizes = [file.stat().st_size for file in files]
    for file in chance.choices(files, sizes, k=flips):
        whole = file.read_bytes()
        flipped, position = bytearray(whole), chance.randrange(8 * len(whole))
        flipped[position // 8] ^= 1 << position % 8
        file.write_bytes(flipped)
        assert str(damage(store, run)).startswith(f"{file} is damaged: "), position
        file.write_bytes(whole)
    assert damage(store, run) is None
    figure(4, f"{flips} of {flips} bits that flipped: each time the file is named")


def test_only_what_is_damaged_is_made_again(project, figure, capsys):
    project.write(study("0-3"))
    assert project.tfrl("run", "fake") == 0
    before, chance, times = project.fingerprints(), random.Random(5), size(2, 12)
    for time in range(times):
        run = chance.choice(project.store.study.runs())
        file = chance.choice(sorted(project.store.directory(run).iterdir()))
        whole = bytearray(file.read_bytes())
        position = chance.randrange(len(whole))
        whole[position] ^= 1 << chance.randrange(8)
        file.write_bytes(whole if time % 2 else whole[:position])
        begun = made()
        capsys.readouterr()
        assert project.tfrl("verify", "fake") == 1
        assert f"{file} is damaged: " in capsys.readouterr().out
        assert project.tfrl("run", "fake") == 0
        assert f"1 stored run to rerun: {file} is damaged: " in capsys.readouterr().err
        assert made() - begun == {str(run): 1}
        assert project.fingerprints() == before
    figure(4, f"{times} of {times} times `tfrl verify` names it, and only that run is made again")


def test_what_an_earlier_version_stored_counts(project, figure):
    shutil.copytree(STORED, "runs")
    project.write(fake.STUDY.replace("[configurations.two]", f"{GIVEN}\n[configurations.two]"))
    entries = project.store.entries()
    assert Counter(entry.status for entry in entries) == {"finished": 2, "missing": 6}
    assert not any(entry.note for entry in entries)
    for entry in entries[:2]:
        assert not {"attempts", "tables_sha256"} & entry.manifest.keys()
        expected = fake.Trainer(fake.Config(), 1000, 500, 2).run(entry.run.seed)
        found = project.store.tables(entry)["episodes"]["return"].to_pylist()
        assert found == expected.episodes["return"].tolist()
    loaded = stored_results.load(project.store.study, engine=fake.Engine())
    assert len(loaded.episodes) == 2 * 50
    figure(9, "runs stored by an earlier version of this schema load")


def test_other_schemas_are_named(project, figure, capsys):
    store, run = project.store, project.store.study.runs()[0]
    publish(store)
    make_old(store, run)
    note = f"stored by an older tfrl, which evaluated otherwise (schema 1, now {manifest.SCHEMA})"
    assert store.entry(run).note == note
    file = store.directory(run) / "manifest.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "SCHEMA", manifest.SCHEMA + 1)
        file.write_bytes(manifest.encode({"everything": "else"}))
    newer = f"{file} was written by a newer tfrl (schema {manifest.SCHEMA + 1}, this one reads up"
    with pytest.raises(StoreError, match=re.escape(newer)):
        store.entries()
    for verb in ("run", "report", "verify"):
        assert project.tfrl(verb, "fake") == 2
        assert capsys.readouterr().err.startswith(f"tfrl: {newer}")
    figure(9, "schema 1 is named and rerun, a newer schema is refused by name")


CHANGES = [
    ("steps = 1_000", "steps = 2_000", "steps was 1000, is 2000"),
    ("every = 500", "every = 250", "evaluation.every was 500, is 250"),
    ("episodes = 2", "episodes = 3", "evaluation.episodes was 2, is 3"),
    ("Line-v0", "CartPole-v0", "environments.line was Line-v0, is CartPole-v0"),
    ("learning_rate = 0.5", "learning_rate = 0.25", "learning_rate was 0.5, is 0.25"),
    ("learning_rate = 0.5", "layers = [8]", "layers was [4, 4], is [8]"),
]


def test_nothing_is_reused_after_a_change(project, figure, capsys, monkeypatch):
    source = Path("source.py")
    source.write_text("a = 1")
    monkeypatch.setenv("FAKE_SOURCE", str(source.absolute()))
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    for old, new, difference in CHANGES:
        project.write(fake.STUDY.replace(old, new))
        capsys.readouterr()
        assert project.tfrl("run", "fake", "--seeds", "0", "--plan") == 0
        assert difference in capsys.readouterr().out
    source.write_text("a = 2")
    assert project.tfrl("run", "fake", "--seeds", "0") == 0
    err = capsys.readouterr().err
    assert "the code changed" in err
    assert "fake: 2 of 8 runs to train" in err
    figure(9, f"{len(CHANGES) + 1} kinds of change: each is named, and no run reused")
