"""All that is stored under a folder of runs: what counts, what does not and why, and its size."""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tfrl.harness.engine import Engine
from tfrl.harness.errors import DamagedError, StoreError
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import differences
from tfrl.harness.store.run_store import REPLACED, RunStore, StoredRun, locked_folder
from tfrl.harness.studies import study as studies
from tfrl.harness.studies.study import Study

Kind = Literal["counts", "failed", "out of date", "damaged", "replaced", "checkpoint", "orphaned"]
KINDS: tuple[Kind, ...] = (
    "counts",
    "failed",
    "out of date",
    "damaged",
    "replaced",
    "checkpoint",
    "orphaned",
)
_USELESS: tuple[Kind, ...] = ("out of date", "replaced", "orphaned")
_COUNTS_AGAIN = "counts after `tfrl runs --restore`"
_GONE = "the study has no such run any more"
_STORED = re.compile(r"seed-\d+|\.seed-\d+\.(checkpoint(\.\d+)?|replaced|\d+)")


@dataclass(frozen=True)
class Item:
    """A run or a checkpoint that is stored."""

    path: Path
    kind: Kind
    note: str  # why it does not count; empty if it does
    size: int  # bytes on the disk

    @property
    def is_prunable(self) -> bool:
        """Whether `prune` removes it: it does not count, nor would it after `restore`."""
        return self.kind in _USELESS and self.note != _COUNTS_AGAIN


def folders(root: Path) -> list[Path]:
    """The folders of studies under `root`, as far as they hold runs. Links are not followed."""
    return [folder for folder in _subfolders(root) if any(_stored(folder))]


def find_study(folder: Path) -> Study | None:
    """The study that a folder holds the runs of; None if its file is gone.

    Raises `StudyError` if the file cannot be read as one.
    """
    note = folder / ".study"
    text = note.read_text(errors="replace").strip() if note.is_file() else ""
    owner = folder.parent.resolve() / text if text and text.isprintable() else None
    for path in (owner, Path("studies") / f"{folder.name}.toml"):
        if path and path.is_file() and path.stem == folder.name:
            return studies.load(Path(os.path.relpath(path)))
    return None


def list_study(store: RunStore, engine: Engine) -> list[Item]:
    """All that is stored in the folder of a study. Raises `StoreError`."""
    today = _Today(store, engine)
    known: dict[Path, tuple[Kind, str]] = {}
    for run in store.study.runs():
        stored, kept = today.kind(store.entry(run)), today.kind(store.replaced_entry(run))
        again = kept[0] == "counts" and stored[0] != "counts"
        known[store.directory(run)] = stored
        known[store.replaced_directory(run)] = "replaced", _COUNTS_AGAIN if again else kept[1]
        known[store.checkpoint(run)] = "checkpoint", ""
    return [
        Item(path, *known.get(path, ("orphaned", _GONE)), _size(path))
        for path in _stored(store.folder)
        if path in known or _place(path) not in known  # what is being stored, or `locked` settles
    ]


def list_orphaned(folder: Path) -> list[Item]:
    """All that is stored in the folder of a study whose file is gone."""
    return [Item(path, "orphaned", "its study is gone", _size(path)) for path in _stored(folder)]


def prune(store: RunStore, engine: Engine) -> list[Item]:
    """Remove what does not count and `tfrl run` would not go on with; returns that.

    Raises `StoreError`, also if somebody is at work on the study.
    """
    with store.locked():
        return _remove([item for item in list_study(store, engine) if item.is_prunable])


def prune_orphaned(folder: Path) -> list[Item]:
    """The same for the folder of a study whose file is gone."""
    if (folder / ".lock").is_symlink():
        raise StoreError(f"{folder / '.lock'} is a link: remove it, or what it is of yourself")
    with locked_folder(folder):
        return _remove(list_orphaned(folder))


def restore(store: RunStore, engine: Engine) -> tuple[list[Item], list[Item]]:
    """Bring those replaced runs back that count today, where what is stored does not.

    Returns what was brought back, under its new path, and the kept runs that would not count.
    Raises `StoreError`.
    """
    today = _Today(store, engine)
    back, left = [], []
    with store.locked():
        for run in store.study.runs():
            place, kept = store.directory(run), store.replaced_directory(run)
            if not kept.exists() or today.kind(store.entry(run))[0] == "counts":
                continue
            kind, note = today.kind(store.replaced_entry(run))
            if kind == "counts":
                try:
                    store.restore(run)
                except DamagedError as error:
                    kind, note = "damaged", str(error)
            if kind == "counts":
                back.append(Item(place, "counts", "", _size(place)))
            else:
                left.append(Item(kept, "replaced", note, _size(kept)))
    return back, left


class _Today:
    """What stored runs count as with the study, the code and the packages that are here now."""

    def __init__(self, store: RunStore, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._versions = run_context.versions()
        self._codes: dict[tuple[str, str], str | None] = {}

    def kind(self, entry: StoredRun) -> tuple[Kind, str]:
        """What a stored run is, and why it does not count."""
        if entry.cause:
            return "damaged" if entry.cause == "damaged" else "out of date", entry.note or ""
        if not entry.manifest:
            return "orphaned", ""
        run, manifest = entry.run, entry.manifest
        code = self._code(run.configuration.pipeline, run.environment.id) or manifest["code"]
        planned = self._store.planned(run, manifest, code, self._versions)
        if changes := differences(manifest, planned):
            return "out of date", ", ".join(changes)
        return ("failed", entry.note or "") if entry.status == "failed" else ("counts", "")

    def _code(self, pipeline: str, environment_id: str) -> str | None:
        """The hash of the code; None if it is not all here, and nothing can be said of it."""
        key = pipeline, environment_id
        if key not in self._codes:
            try:
                self._codes[key] = run_context.code_sha256(self._engine.sources(*key))
            except (LookupError, OSError):
                self._codes[key] = None
        return self._codes[key]


def _stored(folder: Path) -> Iterator[Path]:
    """The runs and checkpoints in the folder of a study, those kept too. Links are left alone."""
    for top in (folder, folder / REPLACED):
        for environment in _subfolders(top):
            for configuration in _subfolders(environment):
                for path in sorted(configuration.iterdir()):
                    if _STORED.fullmatch(path.name) and not path.is_symlink():
                        yield path


def _place(path: Path) -> Path:
    """The place of the run that a hidden file or folder belongs to."""
    return path.with_name(path.name.removeprefix(".").partition(".")[0])


def _subfolders(folder: Path) -> list[Path]:
    """The visible folders in a folder that are no links; none if it is not there, or a link."""
    if not folder.is_dir() or (folder.name == REPLACED and folder.is_symlink()):
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )


def _size(path: Path) -> int:
    """Bytes that a file or folder takes on the disk; what goes away meanwhile takes none."""
    total = 0
    for file in (path, *path.rglob("*")):
        with suppress(OSError):
            total += file.lstat().st_blocks * 512
    return total


def _remove(items: Sequence[Item]) -> list[Item]:
    """Remove them, and the folders that are empty then. Raises `StoreError`."""
    for item in items:
        try:
            if item.path.is_dir():
                shutil.rmtree(item.path)
            else:
                item.path.unlink()
        except OSError as error:
            raise StoreError(f"{item.path} cannot be removed: {error.strerror}") from error
        for folder in list(item.path.parents)[:2]:
            with suppress(OSError):
                folder.rmdir()
    return list(items)
