import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.harness import fake
from tfrl.harness import manifest, publishing, tables
from tfrl.harness.checkpoints import Checkpoint
from tfrl.harness.errors import DamagedError, HarnessError, LedgerError
from tfrl.harness.ledger import Ledger
from tfrl.harness.study import load

CODE = "0" * 64


def publish(
    ledger: Ledger,
    position: int = 0,
    code: str = CODE,
    versions: Mapping[str, str | None] = MappingProxyType({}),
    learning_rate: float = 0.1,
) -> None:
    """Store what the fake pipeline gives for a run of the study, by its position there.

    Those of the first configuration come first, so that the position is the seed.
    """
    study, run = ledger.study, ledger.study.runs()[position]
    trainer = fake.Engine().trainer(study, run, {})
    result = trainer.run(run.seed, run.environment.conditions)
    results = {
        name: tables.from_columns(getattr(result, name), schema)
        for name, schema in tables.SCHEMAS.items()
    }
    defaults = {"learning_rate": learning_rate, "layers": (4, 4)}
    identity = manifest.identity(study, run, defaults, defaults, code, versions)
    outcome = manifest.finished(result, tables.fingerprint(results, result.weights_sha256))
    provenance = {"git": None, "lock_sha256": None, "versions": dict(versions), "processor": {}}
    ledger.publish(run, manifest.complete(identity, provenance, outcome, 1.5), results)


@pytest.fixture
def ledger(project) -> Ledger:
    return project.ledger


@pytest.fixture
def run(ledger):
    return ledger.study.runs()[0]


def test_what_is_published_can_be_read(ledger, run):
    assert ledger.entry(run).status == "missing"
    publish(ledger)
    entry = ledger.entry(run)
    assert (entry.status, entry.note) == ("finished", None)
    assert entry.manifest["timings"] == {
        "compile": 0.0,
        "train": 0.01,
        "evaluate": 0.001,
        "total": 1.5,
    }
    expected = fake.Trainer(fake.Config(), 1000, 500, 2).run(0)
    for name, table in ledger.tables(entry).items():
        for column, values in getattr(expected, name).items():
            assert table[column].to_pylist() == values.tolist()


@pytest.mark.parametrize("saved", ["before", "since"])
def test_what_a_run_kept_to_go_on_from_goes_once_it_is_stored(ledger, run, saved):
    publish(ledger)
    checkpoint = ledger.checkpoint(run)
    checkpoint.write_bytes(b"...")
    stored = ledger.directory(run).stat().st_mtime
    moment = stored + (-1 if saved == "before" else 1)
    os.utime(checkpoint, (moment, moment))
    with ledger.locked():
        assert checkpoint.exists() == (saved == "since")  # then it is of the run that replaces it


def test_the_same_run_gives_the_same_files(ledger, run):
    def stored() -> dict[str, bytes]:
        publish(ledger)
        return {file.name: file.read_bytes() for file in ledger.directory(run).glob("*.parquet")}

    first = stored()
    assert len(first) == 3
    assert stored() == first


def test_every_value_reaches_the_fingerprint(ledger, run):
    publish(ledger)
    stored = ledger.tables(ledger.entry(run))
    seen = {tables.fingerprint(stored, "a"), tables.fingerprint(stored, "b")}
    for name, table in stored.items():
        for position, column in enumerate(table.column_names):
            values = table[column].to_pylist()
            values[-1] = f"{values[-1]}!" if isinstance(values[-1], str) else values[-1] + 1
            field = table.schema.field(column)
            changed = table.set_column(position, field, pa.array(values, field.type))
            seen.add(tables.fingerprint({**stored, name: changed}, "a"))
    assert len(seen) == 2 + 4 + 8 + 3


def test_a_value_changed_by_hand_is_noticed(ledger, run):
    publish(ledger)
    file = ledger.directory(run) / "episodes.parquet"
    table = pq.read_table(file)
    returns = table["return"].to_pylist()
    returns[7] += 1
    tables.write(table.set_column(2, table.schema.field("return"), [returns]), file)
    entry = ledger.entry(run)
    with pytest.raises(DamagedError, match=r"episodes\.parquet is damaged: its content differs"):
        ledger.tables(entry)
    del entry.manifest["tables_sha256"]  # as in runs of earlier versions
    with pytest.raises(DamagedError, match="seed-0 is damaged: its tables differ"):
        ledger.tables(entry)


@pytest.mark.parametrize("name", ["episodes", "evaluations"])
def test_a_bit_that_is_flipped_is_noticed_if_it_matters_where_there_is_no_checksum(
    ledger, run, name
):
    publish(ledger)
    entry = ledger.entry(run)
    del entry.manifest["tables_sha256"]  # as in runs of earlier versions
    file = ledger.directory(run) / f"{name}.parquet"
    intended, whole = ledger.tables(entry), file.read_bytes()
    noticed = 0
    for bit in range(0, 8 * len(whole), 19):  # all positions in a byte, every part of the file
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        try:
            stored = ledger.tables(entry)
        except DamagedError as error:
            noticed += 1
            assert "is damaged: " in str(error)
        else:
            assert stored == intended
    assert noticed > 200


def test_the_runs_of_another_study_file_are_not_touched(project, ledger):
    with ledger.locked():
        publish(ledger)
    Path("mine").mkdir()
    namesake = Path("mine/fake.toml")
    namesake.write_text(fake.STUDY)
    foreign = Ledger(load(namesake))
    with pytest.raises(LedgerError) as caught, foreign.locked():
        pass
    assert str(caught.value) == (
        "runs/fake holds the runs of studies/fake.toml: rename mine/fake.toml, or keep its runs in "
        "another folder with --runs"
    )
    with replace(foreign, root=Path("others")).locked():
        pass
    with replace(ledger, root=Path("runs").absolute()).locked():
        pass
    project.file.unlink()  # moved, say
    with foreign.locked():
        pass
    (foreign.folder / ".study").unlink()
    (foreign.folder / ".study").mkdir()
    with pytest.raises(LedgerError, match="runs/fake cannot be used: Is a dir"), foreign.locked():
        pass


def test_a_full_disk_is_named_and_nothing_is_left_behind(ledger, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(publishing, "_sync", full)
    with pytest.raises(LedgerError, match="seed-0 cannot be stored: No space left on device"):
        publish(ledger)
    assert list(ledger.folder.glob("*/*/*")) == []
    assert list(ledger.folder.glob("*/*/.*")) == []


@pytest.mark.parametrize("what", ["a report", "a checkpoint"])
def test_what_cannot_be_written_at_all_is_one_sentence(project, what):
    Path("file").write_text("")
    place = Path("file", "below", "it")  # whose parent cannot be made, nor anything there removed
    with pytest.raises(HarnessError, match=r"^file/below/it cannot be (written|stored): "):
        if what == "a report":
            publishing.write_text(place, "text")
        else:
            Checkpoint(place, {}).save({"array": np.zeros(3)})


def code_of(ledger, run) -> str:
    return ledger.entry(run).manifest["code"]


def test_the_last_finished_run_that_was_replaced_is_kept_and_comes_back(ledger, run):
    for code in ("1" * 64, "2" * 64, "3" * 64):
        publish(ledger, code=code)
    assert ledger.kept_entry(run).manifest["code"] == "2" * 64
    with ledger.locked():
        ledger.restore(run)
    assert code_of(ledger, run) == "2" * 64
    ledger.tables(ledger.entry(run))
    with ledger.locked():
        ledger.restore(run)  # undoes it
    assert code_of(ledger, run) == "3" * 64
    assert list(ledger.folder.glob("[!.]*/*/.*")) == []


def test_neither_a_failed_nor_a_damaged_run_takes_the_place_of_the_one_kept(ledger, run):
    from tests.harness.test_status import fail

    publish(ledger, code="1" * 64)
    fail(ledger, 0, ValueError("no"))
    assert ledger.entry(run).status == "failed"
    publish(ledger, code="2" * 64)
    (ledger.directory(run) / "manifest.json").write_text("{")
    publish(ledger, code="3" * 64)
    assert ledger.kept_entry(run).manifest["code"] == "1" * 64


def test_a_kept_run_that_is_damaged_is_not_brought_back(ledger, run):
    publish(ledger, code="1" * 64)
    publish(ledger, code="2" * 64)
    (ledger.kept(run) / "episodes.parquet").write_bytes(b"")
    with pytest.raises(DamagedError, match=r"\.replaced/line/one/seed-0/episodes.parquet is dam"):
        ledger.restore(run)
    assert code_of(ledger, run) == "2" * 64


def test_a_link_where_replaced_runs_are_kept_is_refused(ledger, run, tmp_path):
    publish(ledger)
    (ledger.folder / ".replaced").mkdir()
    (ledger.folder / ".replaced" / "line").symlink_to(tmp_path)
    with pytest.raises(LedgerError, match=r"\.replaced/line is a link"), ledger.locked():
        pass


def test_what_was_replaced_is_kept_though_the_process_ended_then(ledger, run):
    publish(ledger, code="1" * 64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "_settle", lambda *_: None)  # it is killed before
        publish(ledger, code="2" * 64)
    assert not ledger.kept(run).exists()
    with ledger.locked():
        pass
    assert code_of(ledger, run) == "2" * 64
    assert ledger.kept_entry(run).manifest["code"] == "1" * 64
    assert list(ledger.folder.glob("[!.]*/*/.*")) == []
