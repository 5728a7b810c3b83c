"""The ledger of a study's runs: where each is stored, whether it counts, and how it gets there.

A run is a folder, `<root>/<study>/<environment>/<configuration>/seed-<seed>/`, that holds
`manifest.json` and, if the run finished, a Parquet file for each table. It is published by a
rename, so a folder that is visible is whole; see `publishing`. A finished run that another one
replaces is kept in `<root>/<study>/.replaced/`, under the same names, until the next one is.

`<root>/<study>/` belongs to one study file: another of the same name is refused while that exists.
Nothing in it may be a link, which could lead anywhere; `<root>` may be one.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

import numpy as np
import pyarrow as pa

from tfrl.harness.errors import DamagedError, OutdatedError, StoreError, describe
from tfrl.harness.store import atomic_files, policies, tables
from tfrl.harness.store import manifest as manifests
from tfrl.harness.store.manifest import JsonObject, Manifest
from tfrl.harness.studies.study import Run, Study

REPLACED = ".replaced"  # the folder in that of a study where replaced runs are kept


@dataclass(frozen=True)
class StoredRun:
    """What is stored of a planned run."""

    run: Run
    status: Literal["finished", "failed", "missing"]
    note: str | None  # how it failed, or why what is stored does not count
    manifest: Manifest  # empty if missing
    cause: Literal["changed", "damaged"] | None = None  # why what is stored does not count


@dataclass(frozen=True)
class RunStore:
    """The stored runs of one study."""

    study: Study
    root: Path = Path("runs")

    @property
    def folder(self) -> Path:
        """Where all runs of the study are."""
        return self.root / self.study.name

    def directory(self, run: Run) -> Path:
        """The folder of a run."""
        return self.folder / run.environment.name / run.configuration.name / f"seed-{run.seed}"

    def checkpoint(self, run: Run) -> Path:
        """Where a run in progress keeps what it needs to go on; see `checkpoints`."""
        place = self.directory(run)
        return place.with_name(f".{place.name}.checkpoint")

    def replaced_directory(self, run: Run) -> Path:
        """Where the last finished run is kept that another one of the same name has replaced."""
        return self.folder / REPLACED / self.directory(run).relative_to(self.folder)

    def entries(self) -> list[StoredRun]:
        """An entry for each planned run. Raises `StoreError` if a newer tfrl wrote one."""
        return [self.entry(run) for run in self.study.runs()]

    def entry(self, run: Run) -> StoredRun:
        """What is stored of `run`. What is damaged, outdated or not as planned is missing."""
        return self._entry(run, self.directory(run))

    def replaced_entry(self, run: Run) -> StoredRun:
        """The same for what is kept of it."""
        return self._entry(run, self.replaced_directory(run))

    def _entry(self, run: Run, directory: Path) -> StoredRun:
        if not directory.exists():
            return StoredRun(run, "missing", None, {})
        try:
            manifest = manifests.read(directory / "manifest.json")
        except DamagedError as error:
            return StoredRun(run, "missing", str(error), {}, "damaged")
        except OutdatedError as error:
            return StoredRun(run, "missing", str(error), {}, "changed")
        planned = self.planned(run, manifest, manifest["code"], manifest["versions"])
        if changes := manifests.differences(manifest, planned):
            return StoredRun(run, "missing", ", ".join(changes), {}, "changed")
        note = manifest["error"] and manifests.sentence(manifest["error"])
        return StoredRun(run, manifest["status"], note, manifest)

    def planned(
        self, run: Run, manifest: Manifest, code: str, versions: Mapping[str, str | None]
    ) -> JsonObject:
        """The identity of `run` with this code and these packages, as far as a study says.

        Where the study is silent, hyperparameters are as the manifest has them.
        """
        defaults = manifest["configuration"]["defaults"]
        given = {**defaults, **run.configuration.hyperparameters}
        return manifests.identity(self.study, run, given, defaults, code, versions)

    def tables(self, entry: StoredRun) -> dict[str, pa.Table]:
        """The tables of a finished run. Raises `DamagedError` if they are not as written."""
        return self._tables(self.directory(entry.run), entry.manifest)

    def _tables(self, directory: Path, manifest: Manifest) -> dict[str, pa.Table]:
        checksums = manifest.get("tables_sha256", {})  # runs of earlier versions have none
        result = {
            name: tables.read(directory / f"{name}.parquet", schema, checksums.get(name))
            for name, schema in tables.SCHEMAS.items()
            if name != "losses" or manifest["schema"] > 2  # runs of schema 2 kept none
        }
        if tables.fingerprint(result, manifest["weights_sha256"]) != manifest["fingerprint"]:
            raise DamagedError(f"{directory} is damaged: its tables differ from its fingerprint")
        if checksum := manifest.get("policies_sha256"):
            policies.read(directory, checksum)
        return {"losses": tables.LOSSES.empty_table(), **result}

    def policies(self, entry: StoredRun) -> dict[str, np.ndarray]:
        """What a run kept of its policies; empty if none. Raises `DamagedError`."""
        checksum = entry.manifest.get("policies_sha256")
        return policies.read(self.directory(entry.run), checksum) if checksum else {}

    def publish(
        self,
        run: Run,
        manifest: Manifest,
        results: Mapping[str, pa.Table],
        trained: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Store a run, whole, in place of what was stored of it. Raises `StoreError`.

        `results` are its tables and `trained` its policies; see `policies.write`.

        What it replaces is kept if it finished.
        """

        def write(folder: Path) -> None:
            checksums = {
                name: tables.write(table, folder / f"{name}.parquet")
                for name, table in results.items()
            }
            files = {
                "tables_sha256": checksums,
                "policies_sha256": policies.write(trained or {}, folder),
            }
            encoded = manifests.encode({**manifest, **files})
            (folder / "manifest.json").write_bytes(encoded)

        place = self.directory(run)
        try:
            atomic_files.publish(place, write, self._where_kept(place, place))
        except OSError as error:
            reason = error.strerror or describe(error)
            raise StoreError(f"{place} cannot be stored: {reason}") from error

    def restore(self, run: Run) -> None:
        """Bring back what is kept of a run; what it replaces is kept instead, if it finished.

        Raises `DamagedError` if it is not whole, `StoreError` if it cannot be done.
        """
        place, kept = self.directory(run), self.replaced_directory(run)
        self._tables(kept, manifests.read(kept / "manifest.json"))
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            atomic_files.exchange(place, kept, self._where_kept(place, place))
        except OSError as error:
            raise StoreError(f"{kept} cannot be brought back: {error.strerror}") from error

    def _where_kept(self, folder: Path, place: Path) -> Path | None:
        """Where `folder` is kept when it is replaced in `place`; None if it is not worth that.

        Failed runs are not: they would take the place of a finished one.
        """
        try:
            if manifests.read(folder / "manifest.json")["status"] == "failed":
                return None
        except DamagedError:
            return None
        except (OutdatedError, StoreError):
            pass  # another tfrl can read it
        return self.folder / REPLACED / place.relative_to(self.folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's runs for writing; nobody else does meanwhile. Raises `StoreError`.

        The lock is the kernel's, so it goes when its holder does, however that ends.
        """
        with os_error_as_store_error(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._refuse_links()
        with locked_folder(self.folder):
            with os_error_as_store_error(self.folder):
                self._claim()
            self._recover()
            try:
                yield
            finally:
                self._recover()

    def _refuse_links(self) -> None:
        """Raises `StoreError` if what is to be written would go through a link."""
        runs = self.study.runs()
        places = [place(run) for place in (self.directory, self.replaced_directory) for run in runs]
        above = dict.fromkeys(folder for place in places for folder in list(place.parents)[:2])
        for path in [self.folder, *self.folder.glob(".*"), *above, *places]:
            if path.is_symlink():
                raise StoreError(
                    f"{path} is a link, and runs are stored nowhere but in {self.root}: put what "
                    "it leads to in its place, or give another folder with --runs"
                )

    def is_locked(self) -> bool:
        """Whether somebody holds the lock now. Raises `StoreError`."""
        try:
            with (self.folder / ".lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # goes when the file is closed
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be used: {error.strerror}") from error
        return False

    def _claim(self) -> None:
        """Note which study file the runs are of. Raises `StoreError` if of another one."""
        note = self.folder / ".study"  # its path from the root, so that both can move together
        root, path = self.root.resolve(), self.study.path.resolve()
        text = note.read_text(errors="replace").strip() if note.exists() else ""
        owner = (root / text).resolve() if text and text.isprintable() else None
        if owner and owner != path and owner.is_file():
            raise StoreError(
                f"{self.folder} holds the runs of {os.path.relpath(owner)}: rename "
                f"{self.study.path}, or keep its runs in another folder with --runs"
            )
        if owner != path:
            note.write_text(f"{os.path.relpath(path, root)}\n")

    def _recover(self) -> None:
        """Settle what runs left behind that ended while they were published."""
        with os_error_as_store_error(self.folder):
            for folder in {self.directory(run).parent for run in self.study.runs()}:
                atomic_files.recover(folder, self._where_kept)
            for run in self.study.runs():
                kept, stored = self.checkpoint(run), self.directory(run)
                both = kept.exists() and stored.exists()
                if both and kept.stat().st_mtime < stored.stat().st_mtime:
                    kept.unlink()  # by a run that was stored, and ended before it removed this


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Hold the lock of a study's folder, which is the kernel's. Raises `StoreError`."""
    with os_error_as_store_error(folder):
        file = (folder / ".lock").open("a")
    with file:
        try:
            _take(file)
        except BlockingIOError:
            raise StoreError(
                f"another `tfrl run` is at work in {folder}: wait for its end, or stop it"
            ) from None
        except OSError as error:  # as of a file system without locks
            raise StoreError(f"{folder} cannot be used: {error.strerror}") from None
        yield


@contextmanager
def os_error_as_store_error(folder: Path) -> Iterator[None]:
    """Say in one sentence what cannot be done to a folder. Raises `StoreError`."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{folder} cannot be used: {error.strerror}") from error


def _take(lock: TextIO) -> None:
    """Lock a file. Raises `BlockingIOError` if somebody else has for longer than to look at it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.1)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
