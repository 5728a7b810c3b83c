"""Atomic writes: a file or folder is replaced completely or not at all, even after a power failure.

New content is written under a hidden name next to its path, synced to the disk, and renamed.

A folder that is replaced is renamed first and removed last, so one of the two is always on the
disk. `recover` finishes or undoes an interrupted replacement. The replaced folder can also be moved
to another path in the same file system, where it stays until the next replacement.
"""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tfrl.harness.errors import HarnessError, StoreError, describe

_REPLACED = "replaced"
_HIDDEN = re.compile(rf"\.(?P<name>.+)\.(?P<kind>\d+|{_REPLACED})")


def write_text(path: Path, text: str) -> None:
    """Writes a text file in UTF-8, and its folder if missing. Raises `HarnessError`.

    A later call removes what an interrupted one leaves.
    """
    try:
        _write(path, text.encode(), path.with_name(f".{path.name}"))
    except OSError as error:
        raise HarnessError(f"{path} cannot be written: {error.strerror}") from error


def store_bytes(path: Path, content: bytes) -> None:
    """Writes a file of a run store, and its folder if missing. Raises `StoreError`.

    Several processes may write the same file at once.
    """
    try:
        _write(path, content, _hidden(path, str(os.getpid())))
    except OSError as error:
        reason = error.strerror or describe(error)
        raise StoreError(f"{path} cannot be stored: {reason}") from error


def publish(path: Path, write: Callable[[Path], None], replaced: Path | None = None) -> None:
    """Replaces the folder at `path` with one that `write` fills.

    The folder that was there is moved to `replaced`, or removed if that is None. After an `OSError`
    it is still there, unless only the last step failed, which syncs the new name to the disk.
    """
    temporary = _hidden(path, str(os.getpid()))
    try:
        temporary.mkdir(parents=True)
        write(temporary)
        for written in [*temporary.iterdir(), temporary]:
            _sync(written)
        exchange(path, temporary, replaced)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def exchange(path: Path, new: Path, replaced: Path | None) -> None:
    """Moves the folder `new` to `path`, and what was there to `replaced`; see `publish`.

    A folder at `replaced` is removed first; it may be `new`.
    """
    hidden = _hidden(path, _REPLACED)
    try:
        if replaced:
            replaced.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.rename(hidden)
        new.rename(path)
        _sync(path.parent)
    except OSError:
        _undo(hidden, path)
        raise
    _finish(hidden, replaced)


def recover(parent: Path, replaced_path: Callable[[Path, Path], Path | None]) -> None:
    """Finishes or undoes the interrupted replacements in a folder. Raises `OSError`.

    No other process may be writing there. Other hidden files are left alone.

    Args:
      replaced_path: takes a folder that was replaced and the path that it had; returns where to
        move it, or None to remove it.
    """
    for leftover in parent.glob(".*"):
        if match := _HIDDEN.fullmatch(leftover.name):
            if match["kind"] == _REPLACED:
                path = leftover.with_name(match["name"])
                _undo(leftover, path)
                if leftover.exists():
                    _finish(leftover, replaced_path(leftover, path))
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _write(path: Path, content: bytes, temporary: Path) -> None:
    """Writes a file by way of `temporary`, which is removed if that fails. Raises `OSError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _hidden(path: Path, kind: str) -> Path:
    return path.with_name(f".{path.name.removeprefix('.')}.{kind}")


def _finish(hidden: Path, replaced: Path | None) -> None:
    """Moves the replaced folder, if there is one, to `replaced`, or removes it.

    If that fails, the folder keeps its hidden name for `recover`.
    """
    if replaced and hidden.exists():
        shutil.rmtree(replaced, ignore_errors=True)
        with suppress(OSError):
            hidden.rename(replaced)
    else:
        shutil.rmtree(hidden, ignore_errors=True)


def _undo(hidden: Path, path: Path) -> None:
    """Moves the replaced folder back if nothing has taken its path."""
    if hidden.exists() and not path.exists():
        hidden.rename(path)


def _sync(path: Path) -> None:
    """Syncs a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
