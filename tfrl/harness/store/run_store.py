"""The run store: paths of a study's runs, their status, and how they are written and locked.

A run is a folder `<root>/<study>/<environment>/<configuration>/seed-<seed>/` with `manifest.json`
and, if the run finished, a Parquet file for each table. It is published by a rename, so a visible
folder is complete; see `atomic_files`. A finished run that is replaced is moved to the same path
below `<root>/<study>/.replaced/`, until the next one is.

`<root>/<study>/` belongs to one study file: another file of the same name is refused while that one
exists. It must not contain links, which could lead anywhere; `<root>` may be a link.
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

REPLACED = ".replaced"  # the folder of replaced runs inside that of a study


@dataclass(frozen=True)
class StoredRun:
    """A planned run and what is stored of it."""

    run: Run
    status: Literal["finished", "failed", "missing"]
    note: str | None  # the error of a failed run, or why the stored run does not count
    manifest: Manifest  # empty if missing
    cause: Literal["changed", "damaged"] | None = None  # why the stored run does not count


@dataclass(frozen=True)
class RunStore:
    """The stored runs of one study."""

    study: Study
    root: Path = Path("runs")

    @property
    def folder(self) -> Path:
        """The folder of all runs of the study."""
        return self.root / self.study.name

    def directory(self, run: Run) -> Path:
        """Returns the folder of a run."""
        return self.folder / run.environment.name / run.configuration.name / f"seed-{run.seed}"

    def checkpoint(self, run: Run) -> Path:
        """Returns the path of the checkpoint of an unfinished run; see `checkpoints`."""
        directory = self.directory(run)
        return directory.with_name(f".{directory.name}.checkpoint")

    def replaced_directory(self, run: Run) -> Path:
        """Returns the folder of the last finished run that was replaced by this one."""
        return self.folder / REPLACED / self.directory(run).relative_to(self.folder)

    def entries(self) -> list[StoredRun]:
        """Returns the stored run of each planned run. Raises `StoreError` if one is too new."""
        return [self.entry(run) for run in self.study.runs()]

    def entry(self, run: Run) -> StoredRun:
        """Returns the stored run. Its status is "missing" if it is damaged or not as planned.

        Raises `StoreError` if a newer tfrl stored it.
        """
        return self._entry(run, self.directory(run))

    def replaced_entry(self, run: Run) -> StoredRun:
        """Returns the replaced run of the same name, like `entry`."""
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
        """Returns the identity of the planned run with this code and these package versions.

        Hyperparameters that the study does not set have the defaults of the manifest.
        """
        defaults = manifest["configuration"]["defaults"]
        hyperparameters = {**defaults, **run.configuration.hyperparameters}
        return manifests.identity(self.study, run, hyperparameters, defaults, code, versions)

    def tables(self, entry: StoredRun) -> dict[str, pa.Table]:
        """Returns the tables of a finished run. Raises `DamagedError` if they were changed."""
        return self._tables(self.directory(entry.run), entry.manifest)

    def _tables(self, directory: Path, manifest: Manifest) -> dict[str, pa.Table]:
        checksums = manifest.get("tables_sha256", {})  # runs of earlier versions have none
        result = {
            name: tables.read(directory / f"{name}.parquet", schema, checksums.get(name))
            for name, schema in tables.SCHEMAS.items()
            if name != "losses" or manifest["schema"] > 2  # runs of schema 2 have no losses
        }
        if tables.fingerprint(result, manifest["weights_sha256"]) != manifest["fingerprint"]:
            raise DamagedError(f"{directory} is damaged: its tables differ from its fingerprint")
        if checksum := manifest.get("policies_sha256"):
            policies.read(directory, checksum)
        return {"losses": tables.LOSSES.empty_table(), **result}

    def policies(self, entry: StoredRun) -> dict[str, np.ndarray]:
        """Returns the stored policies of a run; empty if it has none. Raises `DamagedError`."""
        checksum = entry.manifest.get("policies_sha256")
        return policies.read(self.directory(entry.run), checksum) if checksum else {}

    def publish(
        self,
        run: Run,
        manifest: Manifest,
        results: Mapping[str, pa.Table],
        trained: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Stores a run atomically and moves the finished run that it replaces, if there is one.

        Raises `StoreError`.

        Args:
          results: the tables of the run; empty if it failed.
          trained: its policies; see `policies.write`.
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

        directory = self.directory(run)
        try:
            atomic_files.publish(directory, write, self._replaced_path(directory, directory))
        except OSError as error:
            reason = error.strerror or describe(error)
            raise StoreError(f"{directory} cannot be stored: {reason}") from error

    def restore(self, run: Run) -> None:
        """Exchanges a run with its replaced run. A stored run that did not finish is removed.

        Raises `DamagedError` if the replaced run is damaged, `StoreError` if moving fails.
        """
        directory, replaced = self.directory(run), self.replaced_directory(run)
        self._tables(replaced, manifests.read(replaced / "manifest.json"))
        try:
            directory.parent.mkdir(parents=True, exist_ok=True)
            atomic_files.exchange(directory, replaced, self._replaced_path(directory, directory))
        except OSError as error:
            raise StoreError(f"{replaced} cannot be restored: {error.strerror}") from error

    def _replaced_path(self, folder: Path, directory: Path) -> Path | None:
        """Returns where to move `folder`, replaced at `directory`; None to remove it.

        Failed and damaged runs are removed, since they would replace a finished one.
        """
        try:
            if manifests.read(folder / "manifest.json")["status"] == "failed":
                return None
        except DamagedError:
            return None
        except (OutdatedError, StoreError):
            pass  # another version of tfrl can read it
        return self.folder / REPLACED / directory.relative_to(self.folder)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the study's runs for writing. Raises `StoreError`, also if they are locked.

        The kernel releases the lock when the process ends, even if it is killed.
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
        """Raises `StoreError` if a path that may be written is or goes through a link."""
        runs = self.study.runs()
        paths = [path(run) for path in (self.directory, self.replaced_directory) for run in runs]
        parents = dict.fromkeys(parent for path in paths for parent in list(path.parents)[:2])
        for path in [self.folder, *self.folder.glob(".*"), *parents, *paths]:
            if path.is_symlink():
                raise StoreError(
                    f"{path} is a link, and runs are stored only inside {self.root}: replace the "
                    "link by the folder it leads to, or choose another folder with --runs"
                )

    def is_locked(self) -> bool:
        """Returns True if a process holds the lock now. Raises `StoreError`."""
        try:
            with (self.folder / ".lock").open() as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # released when the file is closed
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be used: {error.strerror}") from error
        return False

    def _claim(self) -> None:
        """Notes the study file that owns the folder. Raises `StoreError` if another one does."""
        note = self.folder / ".study"  # its path from the root, so that both can move together
        root, path = self.root.resolve(), self.study.path.resolve()
        text = note.read_text(errors="replace").strip() if note.exists() else ""
        owner = (root / text).resolve() if text and text.isprintable() else None
        if owner and owner != path and owner.is_file():
            raise StoreError(
                f"{self.folder} holds the runs of {os.path.relpath(owner)}: rename "
                f"{self.study.path}, or choose another folder for its runs with --runs"
            )
        if owner != path:
            note.write_text(f"{os.path.relpath(path, root)}\n")

    def _recover(self) -> None:
        """Cleans up after runs that were interrupted while they were stored."""
        with os_error_as_store_error(self.folder):
            for folder in {self.directory(run).parent for run in self.study.runs()}:
                atomic_files.recover(folder, self._replaced_path)
            for run in self.study.runs():
                checkpoint, stored = self.checkpoint(run), self.directory(run)
                both = checkpoint.exists() and stored.exists()
                if both and checkpoint.stat().st_mtime < stored.stat().st_mtime:
                    checkpoint.unlink()  # its run was stored, and interrupted before removing it


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Holds the kernel's lock of a study's folder. Raises `StoreError`, also if it is locked."""
    with os_error_as_store_error(folder):
        file = (folder / ".lock").open("a")
    with file:
        try:
            _lock(file)
        except BlockingIOError:
            raise StoreError(
                f"another `tfrl run` is using {folder}: wait until it ends, or stop it"
            ) from None
        except OSError as error:  # for example from a file system without locks
            raise StoreError(f"{folder} cannot be used: {error.strerror}") from None
        yield


@contextmanager
def os_error_as_store_error(folder: Path) -> Iterator[None]:
    """Turns an `OSError` into a `StoreError` that names the folder."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{folder} cannot be used: {error.strerror}") from error


def _lock(file: TextIO) -> None:
    """Locks a file, with a second try because `is_locked` holds the lock for a moment.

    Raises `BlockingIOError` if it is locked.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.1)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
