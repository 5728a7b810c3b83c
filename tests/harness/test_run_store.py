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
from tfrl.harness.errors import DamagedError, HarnessError, StoreError
from tfrl.harness.store import atomic_files, manifest, tables
from tfrl.harness.store.checkpoints import Checkpoint
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import load

CODE = "0" * 64


def publish(
    store: RunStore,
    position: int = 0,
    code: str = CODE,
    versions: Mapping[str, str | None] = MappingProxyType({}),
    learning_rate: float = 0.1,
) -> None:
    """Stores the fake results of the run at a position of the study.

    For the first configuration, the position is the seed.
    """
    study, run = store.study, store.study.runs()[position]
    trainer = fake.Engine().trainer(study, run, {})
    result = trainer.run(run.seed, run.environment.level_config)
    results = {
        name: tables.from_columns(getattr(result, name), schema)
        for name, schema in tables.SCHEMAS.items()
    }
    defaults = {"learning_rate": learning_rate, "layers": (4, 4)}
    identity = manifest.identity(study, run, defaults, defaults, code, versions)
    outcome = manifest.finished(result, tables.fingerprint(results, result.weights_sha256))
    provenance = {"git": None, "lock_sha256": None, "versions": dict(versions), "processor": {}}
    store.publish(run, manifest.complete(identity, provenance, outcome, 1.5), results)


@pytest.fixture
def store(project) -> RunStore:
    return project.store


@pytest.fixture
def run(store):
    return store.study.runs()[0]


def test_what_is_published_can_be_read(store, run):
    assert store.entry(run).status == "missing"
    publish(store)
    entry = store.entry(run)
    assert (entry.status, entry.note) == ("finished", None)
    assert entry.manifest["timings"] == {
        "compile": 0.0,
        "train": 0.01,
        "evaluate": 0.001,
        "total": 1.5,
    }
    expected = fake.Trainer(fake.Config(), 1000, 500, 2).run(0)
    for name, table in store.tables(entry).items():
        for column, values in getattr(expected, name).items():
            assert table[column].to_pylist() == values.tolist()


@pytest.mark.parametrize("saved", ["before", "since"])
def test_what_a_run_kept_to_go_on_from_goes_once_it_is_stored(store, run, saved):
    publish(store)
    checkpoint = store.checkpoint(run)
    checkpoint.write_bytes(b"...")
    stored = store.directory(run).stat().st_mtime
    moment = stored + (-1 if saved == "before" else 1)
    os.utime(checkpoint, (moment, moment))
    with store.locked():
        assert checkpoint.exists() == (saved == "since")  # a later one belongs to the next run


def test_the_same_run_gives_the_same_files(store, run):
    def stored() -> dict[str, bytes]:
        publish(store)
        return {file.name: file.read_bytes() for file in store.directory(run).glob("*.parquet")}

    first = stored()
    assert len(first) == 3
    assert stored() == first


def test_every_value_reaches_the_fingerprint(store, run):
    publish(store)
    stored = store.tables(store.entry(run))
    seen = {tables.fingerprint(stored, "a"), tables.fingerprint(stored, "b")}
    for name, table in stored.items():
        for position, column in enumerate(table.column_names):
            values = table[column].to_pylist()
            values[-1] = f"{values[-1]}!" if isinstance(values[-1], str) else values[-1] + 1
            field = table.schema.field(column)
            changed = table.set_column(position, field, pa.array(values, field.type))
            seen.add(tables.fingerprint({**stored, name: changed}, "a"))
    assert len(seen) == 2 + 4 + 8 + 3


def test_a_value_changed_by_hand_is_noticed(store, run):
    publish(store)
    file = store.directory(run) / "episodes.parquet"
    table = pq.read_table(file)
    returns = table["return"].to_pylist()
    returns[7] += 1
    tables.write(table.set_column(2, table.schema.field("return"), [returns]), file)
    entry = store.entry(run)
    with pytest.raises(DamagedError, match=r"episodes\.parquet is damaged: its content differs"):
        store.tables(entry)
    del entry.manifest["tables_sha256"]  # as in runs of earlier versions
    with pytest.raises(DamagedError, match="seed-0 is damaged: its tables differ"):
        store.tables(entry)


@pytest.mark.parametrize("name", ["episodes", "evaluations"])
def test_a_bit_that_is_flipped_is_noticed_if_it_matters_where_there_is_no_checksum(
    store, run, name
):
    publish(store)
    entry = store.entry(run)
    del entry.manifest["tables_sha256"]  # as in runs of earlier versions
    file = store.directory(run) / f"{name}.parquet"
    intended, whole = store.tables(entry), file.read_bytes()
    noticed = 0
    for bit in range(0, 8 * len(whole), 19):  # all positions in a byte, every part of the file
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        try:
            stored = store.tables(entry)
        except DamagedError as error:
            noticed += 1
            assert "is damaged: " in str(error)
        else:
            assert stored == intended
    assert noticed > 200


def test_the_runs_of_another_study_file_are_not_touched(project, store):
    with store.locked():
        publish(store)
    Path("mine").mkdir()
    namesake = Path("mine/fake.toml")
    namesake.write_text(fake.STUDY)
    foreign = RunStore(load(namesake))
    with pytest.raises(StoreError) as caught, foreign.locked():
        pass
    assert str(caught.value) == (
        "runs/fake holds the runs of studies/fake.toml: rename mine/fake.toml, or choose "
        "another folder for its runs with --runs"
    )
    with replace(foreign, root=Path("others")).locked():
        pass
    with replace(store, root=Path("runs").absolute()).locked():
        pass
    project.file.unlink()  # for example because it was moved
    with foreign.locked():
        pass
    (foreign.folder / ".study").unlink()
    (foreign.folder / ".study").mkdir()
    with pytest.raises(StoreError, match="runs/fake cannot be used: Is a dir"), foreign.locked():
        pass


def test_a_full_disk_is_named_and_nothing_is_left_behind(store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic_files, "_sync", full)
    with pytest.raises(StoreError, match="seed-0 cannot be stored: No space left on device"):
        publish(store)
    assert list(store.folder.glob("*/*/*")) == []
    assert list(store.folder.glob("*/*/.*")) == []


@pytest.mark.parametrize("what", ["a report", "a checkpoint"])
def test_what_cannot_be_written_at_all_is_one_sentence(project, what):
    Path("file").write_text("")
    place = Path("file", "below", "it")  # its parent folder cannot be created
    with pytest.raises(HarnessError, match=r"^file/below/it cannot be (written|stored): "):
        if what == "a report":
            atomic_files.write_text(place, "text")
        else:
            Checkpoint(place, {}).save({"array": np.zeros(3)})


def code_of(store, run) -> str:
    return store.entry(run).manifest["code"]


def test_the_last_finished_run_that_was_replaced_is_kept_and_comes_back(store, run):
    for code in ("1" * 64, "2" * 64, "3" * 64):
        publish(store, code=code)
    assert store.replaced_entry(run).manifest["code"] == "2" * 64
    with store.locked():
        store.restore(run)
    assert code_of(store, run) == "2" * 64
    store.tables(store.entry(run))
    with store.locked():
        store.restore(run)  # undoes the first call
    assert code_of(store, run) == "3" * 64
    assert list(store.folder.glob("[!.]*/*/.*")) == []


def test_neither_a_failed_nor_a_damaged_run_takes_the_place_of_the_one_kept(store, run):
    from tests.harness.test_status import fail

    publish(store, code="1" * 64)
    fail(store, 0, ValueError("no"))
    assert store.entry(run).status == "failed"
    publish(store, code="2" * 64)
    (store.directory(run) / "manifest.json").write_text("{")
    publish(store, code="3" * 64)
    assert store.replaced_entry(run).manifest["code"] == "1" * 64


def test_a_kept_run_that_is_damaged_is_not_brought_back(store, run):
    publish(store, code="1" * 64)
    publish(store, code="2" * 64)
    (store.replaced_directory(run) / "episodes.parquet").write_bytes(b"")
    with pytest.raises(DamagedError, match=r"\.replaced/line/one/seed-0/episodes.parquet is dam"):
        store.restore(run)
    assert code_of(store, run) == "2" * 64


def test_a_link_where_replaced_runs_are_kept_is_refused(store, run, tmp_path):
    publish(store)
    (store.folder / ".replaced").mkdir()
    (store.folder / ".replaced" / "line").symlink_to(tmp_path)
    with pytest.raises(StoreError, match=r"\.replaced/line is a link"), store.locked():
        pass


def test_what_was_replaced_is_kept_though_the_process_ended_then(store, run):
    publish(store, code="1" * 64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atomic_files, "_finish", lambda *_: None)  # the process is killed before
        publish(store, code="2" * 64)
    assert not store.replaced_directory(run).exists()
    with store.locked():
        pass
    assert code_of(store, run) == "2" * 64
    assert store.replaced_entry(run).manifest["code"] == "1" * 64
    assert list(store.folder.glob("[!.]*/*/.*")) == []
