"""Inventory of a folder of runs: what counts, what does not and why, and its size on the disk."""

import functools
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tfrl.harness.engine import Engine
from tfrl.harness.errors import DamagedError, StoreError
from tfrl.harness.provenance import run_context
from tfrl.harness.store import notices
from tfrl.harness.store.manifest import differences
from tfrl.harness.store.run_store import REPLACED, RunStore, StoredRun, locked_folder
from tfrl.harness.studies import study as studies
from tfrl.harness.studies.study import Study

Kind = Literal["counts", "failed", "out of date", "damaged", "replaced", "checkpoint", "orphaned"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_PRUNABLE: tuple[Kind, ...] = ("out of date", "replaced", "orphaned")
_RESTORABLE = "counts after `tfrl runs --restore`"
_NOT_PLANNED = "the study has no such run any more"
_STORED = re.compile(r"seed-\d+|\.seed-\d+\.(checkpoint(\.\d+)?|replaced|\d+)")


@dataclass(frozen=True)
class Item:
    """A stored run or checkpoint."""

    path: Path
    kind: Kind
    note: str  # why it does not count; empty if it does
    size: int  # bytes on the disk

    @property
    def is_prunable(self) -> bool:
        """True if `prune` removes it: it does not count and would not count after `restore`."""
        return self.kind in _PRUNABLE and self.note != _RESTORABLE


def folders(root: Path) -> list[Path]:
    """Returns the folders of studies under `root` that hold runs. Links are not followed."""
    return [folder for folder in _subfolders(root) if any(_stored(folder))]


def find_study(folder: Path) -> Study | None:
    """Returns the study whose runs a folder holds; None if its file is gone.

    Raises `StudyError` if the file is not a valid study.
    """
    note = folder / ".study"
    text = note.read_text(errors="replace").strip() if note.is_file() else ""
    owner = folder.parent.resolve() / text if text and text.isprintable() else None
    for path in (owner, Path("studies") / f"{folder.name}.toml"):
        if path and path.is_file() and path.stem == folder.name:
            return studies.load(Path(os.path.relpath(path)))
    return None


def list_study(store: RunStore, engine: Engine) -> list[Item]:
    """Lists everything that is stored in the folder of a study. Raises `StoreError`."""
    classifier = _Classifier(store, engine)
    kinds: dict[Path, tuple[Kind, str]] = {}
    for run in store.study.runs():
        stored = classifier.kind(store.entry(run))
        replaced = classifier.kind(store.replaced_entry(run))
        restorable = replaced[0] == "counts" and stored[0] != "counts"
        kinds[store.directory(run)] = stored
        kinds[store.replaced_directory(run)] = (
            "replaced",
            _RESTORABLE if restorable else replaced[1],
        )
        kinds[store.checkpoint(run)] = "checkpoint", ""
    return [
        Item(path, *kinds.get(path, ("orphaned", _NOT_PLANNED)), _size(path))
        for path in _stored(store.folder)
        # Temporary files of planned runs are in use, or removed by `RunStore.locked`.
        if path in kinds or _run_folder(path) not in kinds
    ]


def list_orphaned(folder: Path) -> list[Item]:
    """Lists everything that is stored in the folder of a study whose file is gone."""
    return [Item(path, "orphaned", "its study is gone", _size(path)) for path in _stored(folder)]


def prune(store: RunStore, engine: Engine) -> list[Item]:
    """Removes the prunable items of a study, and returns them.

    Raises `StoreError`, also if the study is locked.
    """
    with store.locked():
        return _remove([item for item in list_study(store, engine) if item.is_prunable])


def prune_orphaned(folder: Path) -> list[Item]:
    """Removes all items in the folder of a study whose file is gone, and returns them.

    Raises `StoreError`, also if the folder is locked.
    """
    if (folder / ".lock").is_symlink():
        raise StoreError(f"{folder / '.lock'} is a link: remove it, or the whole folder, by hand")
    with locked_folder(folder):
        return _remove(list_orphaned(folder))


def restore(store: RunStore, engine: Engine) -> tuple[list[Item], list[Item]]:
    """Restores each replaced run that counts today if the stored run does not.

    Returns the restored runs, under their new paths, and the replaced runs that do not count.
    Raises `StoreError`.
    """
    classifier = _Classifier(store, engine)
    restored, left = [], []
    with store.locked():
        for run in store.study.runs():
            directory, replaced = store.directory(run), store.replaced_directory(run)
            if not replaced.exists() or classifier.kind(store.entry(run))[0] == "counts":
                continue
            kind, note = classifier.kind(store.replaced_entry(run))
            if kind == "counts":
                try:
                    store.restore(run)
                except DamagedError as error:
                    kind, note = "damaged", str(error)
            if kind == "counts":
                restored.append(Item(directory, "counts", "", _size(directory)))
            else:
                left.append(Item(replaced, "replaced", note, _size(replaced)))
    return restored, left


class _Classifier:
    """Classifies stored runs by the current study, code and package versions."""

    def __init__(self, store: RunStore, engine: Engine) -> None:
        self._store = store
        self._versions = run_context.versions()
        self._code = functools.cache(functools.partial(notices.current_code, engine))

    def kind(self, entry: StoredRun) -> tuple[Kind, str]:
        """Returns the kind of a stored run, and why it does not count."""
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


def _stored(folder: Path) -> Iterator[Path]:
    """Yields the runs and checkpoints of a study, replaced ones too. Links are not followed."""
    for top in (folder, folder / REPLACED):
        for environment in _subfolders(top):
            for configuration in _subfolders(environment):
                for path in sorted(configuration.iterdir()):
                    if _STORED.fullmatch(path.name) and not path.is_symlink():
                        yield path


def _run_folder(path: Path) -> Path:
    """Returns the folder of the run that a hidden file or folder belongs to."""
    return path.with_name(path.name.removeprefix(".").partition(".")[0])


def _subfolders(folder: Path) -> list[Path]:
    """Returns the visible folders in a folder, without links; empty if it is missing or a link."""
    if not folder.is_dir() or (folder.name == REPLACED and folder.is_symlink()):
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    )


def _size(path: Path) -> int:
    """Returns the bytes that a file or folder takes on the disk, without files just removed."""
    total = 0
    for file in (path, *path.rglob("*")):
        with suppress(OSError):
            total += file.lstat().st_blocks * 512
    return total


def _remove(items: Sequence[Item]) -> list[Item]:
    """Removes the items and the folders that become empty. Raises `StoreError`."""
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
