"""How files get to their place whole or not at all, whenever the process or the power fails.

A folder is written under a hidden name beside its place, which ends in the number of the process,
brought to the disk, and renamed. What was there before is renamed away first and removed last, so
that at any moment one of the two is on the disk; `recover` puts it back where it belongs. It can
also be kept, under another name in the same file system, until the next one is.
"""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tfrl.harness.errors import HarnessError

_REPLACED = "replaced"
_HIDDEN = re.compile(rf"\.(?P<name>.+)\.(?P<kind>\d+|{_REPLACED})")


def publish(place: Path, write: Callable[[Path], None], kept: Path | None = None) -> None:
    """Put the folder that `write` fills in the place of what is there, which moves to `kept`.

    If that is None, it is removed. Raises `OSError`; what was there before then still is, unless it
    was the very last step that failed, of bringing the change of names to the disk.
    """
    temporary = _hidden(place, str(os.getpid()))
    try:
        temporary.mkdir(parents=True)
        write(temporary)
        for written in [*temporary.iterdir(), temporary]:
            _sync(written)
        exchange(place, temporary, kept)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def exchange(place: Path, new: Path, kept: Path | None) -> None:
    """Put the folder `new` in the place of what is there, which moves to `kept`, or is removed.

    What is at `kept` already is removed first; it may be `new`. Raises `OSError`, as `publish`.
    """
    replaced = _hidden(place, _REPLACED)
    try:
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            place.rename(replaced)
        new.rename(place)
        _sync(place.parent)
    except OSError:
        _put_back(replaced, place)
        raise
    _settle(replaced, kept)


def write_text(path: Path, text: str) -> None:
    """Put a text file in the place of what is there, as a whole. Raises `HarnessError`."""
    temporary = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise HarnessError(f"{path} cannot be written: {error.strerror}") from error


def recover(parent: Path, keep: Callable[[Path, Path], Path | None]) -> None:
    """Settle what publications left behind in a folder that ended half way. Raises `OSError`.

    To be called when nobody publishes there. Other hidden names are left alone. `keep` says where a
    folder is kept that has been replaced in the place that is its second argument, or None.
    """
    for leftover in parent.glob(".*"):
        if found := _HIDDEN.fullmatch(leftover.name):
            if found["kind"] == _REPLACED:
                place = leftover.with_name(found["name"])
                _put_back(leftover, place)
                if leftover.exists():
                    _settle(leftover, keep(leftover, place))
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)


def _hidden(place: Path, kind: str) -> Path:
    return place.with_name(f".{place.name}.{kind}")


def _settle(replaced: Path, kept: Path | None) -> None:
    """Keep what has been replaced, if there is anything, or remove it.

    Until the last step it stays where it is, and `recover` does the rest.
    """
    if kept and replaced.exists():
        shutil.rmtree(kept, ignore_errors=True)
        with suppress(OSError):
            replaced.rename(kept)
    else:
        shutil.rmtree(replaced, ignore_errors=True)


def _put_back(replaced: Path, place: Path) -> None:
    """Undo a replacement that was not completed, if there was one."""
    if replaced.exists() and not place.exists():
        replaced.rename(place)


def _sync(path: Path) -> None:
    """Bring a file or folder to the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
