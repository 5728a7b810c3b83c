"""The ledger of a study's runs: where each is stored, whether it counts, and how it gets there.

A run is a folder, `<root>/<study>/<environment>/<configuration>/seed-<seed>/`, that holds
`manifest.json` and, if the run finished, a Parquet file for each table. It is written under a
hidden name beside its place and published by a rename, so a folder that is visible is whole.

`<root>/<study>/` belongs to one study file: another of the same name is refused while that exists.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from tfrl.harness import manifest as manifests
from tfrl.harness import tables
from tfrl.harness.errors import DamagedError, LedgerError, OutdatedError, describe
from tfrl.harness.manifest import Manifest, Part
from tfrl.harness.study import Run, Study


@dataclass(frozen=True)
class Entry:
    """What is stored of a planned run."""

    run: Run
    status: Literal["finished", "failed", "missing"]
    note: str | None  # how it failed, or why what is stored does not count
    manifest: Manifest  # empty if missing


@dataclass(frozen=True)
class Ledger:
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

    @property
    def diffs(self) -> Path:
        """The folder of what the code of the runs differed in from its git revision."""
        return self.folder / ".diffs"

    def entries(self) -> list[Entry]:
        """An entry for each planned run. Raises `LedgerError` if a newer tfrl wrote one."""
        return [self.entry(run) for run in self.study.runs()]

    def entry(self, run: Run) -> Entry:
        """What is stored of `run`. What is damaged, outdated or not as planned is missing."""
        directory = self.directory(run)
        if not directory.exists():
            return Entry(run, "missing", None, {})
        try:
            manifest = manifests.read(directory / "manifest.json")
        except (DamagedError, OutdatedError) as error:
            return Entry(run, "missing", str(error), {})
        planned = self.planned(run, manifest, manifest["code"], manifest["versions"])
        if changes := manifests.differences(manifest, planned):
            return Entry(run, "missing", ", ".join(changes), {})
        note = manifest["error"] and manifests.sentence(manifest["error"])
        return Entry(run, manifest["status"], note, manifest)

    def planned(
        self, run: Run, manifest: Manifest, code: str, versions: Mapping[str, str | None]
    ) -> Part:
        """The identity of `run` with this code and these packages, as far as a study says.

        Where the study is silent, hyperparameters are as the manifest has them.
        """
        defaults = manifest["configuration"]["defaults"]
        given = {**defaults, **run.configuration.hyperparameters}
        return manifests.identity(self.study, run, given, defaults, code, versions)

    def tables(self, entry: Entry) -> dict[str, pa.Table]:
        """The tables of a finished run. Raises `DamagedError` if they are not as written."""
        directory = self.directory(entry.run)
        result = {
            name: tables.read(directory / f"{name}.parquet", schema)
            for name, schema in tables.SCHEMAS.items()
        }
        manifest = entry.manifest
        if tables.fingerprint(result, manifest["weights_sha256"]) != manifest["fingerprint"]:
            raise DamagedError(f"{directory} is damaged: its tables differ from its fingerprint")
        return result

    def publish(self, run: Run, manifest: Manifest, results: Mapping[str, pa.Table]) -> None:
        """Store a run, whole, in place of what was stored of it. Raises `LedgerError`."""
        place = self.directory(run)
        temporary = place.with_name(f".{place.name}.{os.getpid()}")
        try:
            temporary.mkdir(parents=True)
            for name, table in results.items():
                tables.write(table, temporary / f"{name}.parquet")
            (temporary / "manifest.json").write_bytes(manifests.encode(manifest))
            for written in [*temporary.iterdir(), temporary]:
                _sync(written)
            _replace(temporary, place)
            _sync(place.parent)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            reason = error.strerror or describe(error)
            raise LedgerError(f"{place} cannot be stored: {reason}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the study's runs for writing; nobody else does meanwhile. Raises `LedgerError`.

        The lock is the kernel's, so it goes when its holder does, however that ends.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = (self.folder / ".lock").open("a")
        except OSError as error:
            raise LedgerError(f"{self.folder} cannot be used: {error.strerror}") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LedgerError(
                    f"another `tfrl run` is at work in {self.folder}: wait for its end, or stop it"
                ) from None
            try:
                self._claim()
            except OSError as error:
                raise LedgerError(f"{self.folder} cannot be used: {error.strerror}") from error
            self._clean()
            try:
                yield
            finally:
                self._clean()

    def _claim(self) -> None:
        """Note which study file the runs are of. Raises `LedgerError` if of another one."""
        note = self.folder / ".study"  # its path from the root, so that both can move together
        root, path = self.root.resolve(), self.study.path.resolve()
        owner = (
            (root / note.read_text(errors="replace").strip()).resolve() if note.exists() else None
        )
        if owner and owner != path and owner.is_file():
            raise LedgerError(
                f"{self.folder} holds the runs of {os.path.relpath(owner)}: rename "
                f"{self.study.path}, or keep its runs in another folder with --runs"
            )
        if owner != path:
            note.write_text(f"{os.path.relpath(path, root)}\n")

    def _clean(self) -> None:
        """Remove what runs left behind that ended before they were published."""
        for leftover in self.folder.glob("*/*/.*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _replace(temporary: Path, place: Path) -> None:
    """Rename `temporary` to `place`; what was there is gone afterwards."""
    if not place.exists():
        temporary.rename(place)
        return
    discarded = temporary.with_suffix(".replaced")
    place.rename(discarded)
    temporary.rename(place)
    shutil.rmtree(discarded)


def _sync(path: Path) -> None:
    """Bring a file or folder to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
