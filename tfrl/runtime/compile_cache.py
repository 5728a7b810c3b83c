"""What XLA has compiled, kept for the next process that compiles the same.

XLA looks an entry up by what it compiles, in a folder that it is given. It trusts
what lies there: an entry cut short makes an operation fail, and one made for another processor can
end the process. So each process has a folder of its own, its view, with links to those entries that
are as they were when written. What it compiles itself is stored next to them under the entry's name
and SHA-256 by `keep`.

    .cache/tfrl/KEY/entries/NAME.SHA256     KEY: processor, TensorFlow, flags
    .cache/tfrl/KEY/view-.../NAME           removed with the process, or by the next one

Bits are the same with and without. The environment variable `TFRL_CACHE` names another folder than
`.cache` in the current one, or says `off`. All of the folder may be deleted at any time.
"""

import atexit
import fcntl
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tfrl.runtime import sysctl

VARIABLE = "TFRL_CACHE"
FLAG = "--tf_xla_persistent_cache_directory="
_OFF = "off"
_MOST_BYTES = 256 * 2**20  # of all entries; each process reads all of those with its key
_LEAST_FREE = 2 * _MOST_BYTES  # on the disk: XLA fails where it cannot write an entry


class CacheError(OSError):
    """The folder that `TFRL_CACHE` names cannot be used; the message is one sentence."""


def use() -> None:
    """Has XLA take from the cache what is there. To be called before TensorFlow runs anything.

    Where `.cache` cannot be written, or the disk is nearly full, there is no cache. Raises
    `CacheError` if a folder was asked for by `TFRL_CACHE` and cannot be used.
    """
    global _view
    release()
    others = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if not _is_ours(flag)]
    _set_flags(others)  # a parent's view is not for its children
    if root := usable_folder():
        _view = _View.open(root, key())
        _set_flags([*others, f"{FLAG}{_view.folder}"])


def keep() -> int:
    """Stores what this process has compiled since it began; returns how many entries are new."""
    return _view.keep() if _view else 0


@atexit.register
def release() -> None:
    """Stores what this process has compiled and gives up its view."""
    global _view
    if _view:
        _view.keep()
        _view.close()
        _view = None


def usable_folder() -> Path | None:
    """Where the cache is; None if there is none. Raises `CacheError`."""
    named = os.environ.get(VARIABLE, "")
    if named == _OFF:
        return None
    root = Path(named or ".cache").absolute() / "tfrl"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root):
            return root if shutil.disk_usage(root).free >= _LEAST_FREE else None
    except OSError as error:
        if named:
            reason = error.strerror or error
            raise CacheError(f"{VARIABLE} names {named}, which cannot be used: {reason}") from None
        return None


def without_flag(flags: str) -> str:
    """The contents of `TF_XLA_FLAGS` without where the cache is, which changes no result."""
    return " ".join(flag for flag in flags.split() if not flag.startswith(FLAG))


def key() -> str:
    """A name for all that decides whether compiled code can be used: processor, version, flags.

    NumPy asks the processor itself: under an emulator the system tells of the one that emulates.
    """
    import numpy as np
    import tensorflow as tf

    flags = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if not _is_ours(flag)]
    parts = {
        "machine": platform.machine(),
        "simd": np.show_config(mode="dicts")["SIMD Extensions"],
        "system": _processor_by_system(),
        "tensorflow": [tf.version.VERSION, tf.version.GIT_VERSION, tf.version.COMPILER_VERSION],
        "python": platform.python_version(),
        "TF_XLA_FLAGS": flags,
        **{name: os.environ.get(name, "") for name in ("XLA_FLAGS", "ONEDNN_MAX_CPU_ISA")},
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{platform.machine()}-tensorflow-{tf.version.VERSION}-{digest[:16]}"


@dataclass
class _View:
    """The folder that XLA is told of in this process."""

    root: Path
    entries: Path
    folder: Path
    lock: int  # a file descriptor: the view is in use as long as it is locked
    known: set[str] = field(default_factory=set)  # names of the entries that need not be stored

    @classmethod
    def open(cls, root: Path, key: str) -> "_View":
        """A view of all entries under that key that are whole; others are deleted."""
        entries = root / key / "entries"
        with _locked(root):
            _remove_stale_views(root)
            entries.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="view-", dir=entries.parent))
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            stored = {entry: folder / entry.stem for entry in sorted(entries.iterdir())}
            for entry, link in stored.items():
                if not link.exists():
                    _link(entry, link)
        view = cls(root, entries, folder, lock)
        for entry, link in stored.items():
            view._verify(entry, link)
        return view

    def _verify(self, entry: Path, link: Path) -> None:
        """Keeps the link to an entry that is what its name says; deletes both otherwise."""
        if link.name in self.known:
            return
        if _sha256(link) == entry.suffix[1:]:
            self.known.add(link.name)
            # Reading marks a file as read, on most systems: so what XLA has used is known later.
            os.utime(link, ns=(0, link.stat().st_mtime_ns))
        else:
            link.unlink()
            entry.unlink(missing_ok=True)

    def keep(self) -> int:
        """Stores the entries that are new, notes which others were used, and removes the oldest."""
        new = 0
        with suppress(FileNotFoundError), _locked(self.root):  # deleted: then there is no cache
            for file in sorted(self.folder.glob("*.pb")):
                if file.name not in self.known:
                    self.known.add(file.name)
                    new += 1
                    _link(file, self.entries / f"{file.name}.{_sha256(file)}")
                elif file.stat().st_atime_ns:
                    os.utime(file)
            _remove_oldest(self.root)
        return new

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


_view: _View | None = None


def _is_ours(flag: str) -> bool:
    return flag.startswith(FLAG)


def _set_flags(flags: list[str]) -> None:
    os.environ["TF_XLA_FLAGS"] = " ".join(flags)
    if not flags:
        del os.environ["TF_XLA_FLAGS"]


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Nobody else stores, removes or links entries meanwhile."""
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _link(file: Path, other: Path) -> None:
    """Gives a file a second name, where that can be, or copies it."""
    with suppress(FileExistsError):
        try:
            os.link(file, other)
        except PermissionError:
            part = other.with_name(f"{other.name}.part")
            shutil.copyfile(file, part)
            part.rename(other)


def _remove_stale_views(root: Path) -> None:
    """Removes what processes have left that were killed."""
    for view in root.glob("*/view-*"):
        descriptor = os.open(view, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # in use
        else:
            shutil.rmtree(view, ignore_errors=True)
        finally:
            os.close(descriptor)


def _remove_oldest(root: Path) -> None:
    """Removes the entries whose last use is longest ago, until few enough bytes are left."""
    stats = {file: file.stat() for file in root.glob("*/entries/*")}
    total = sum(stat.st_size for stat in stats.values())
    for file in sorted(stats, key=lambda file: stats[file].st_mtime_ns):
        if total <= _MOST_BYTES:
            break
        file.unlink()
        total -= stats[file].st_size


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _processor_by_system(file: Path = Path("/proc/cpuinfo")) -> list[str]:
    """What the system tells of the processor: its model and, on Linux, all its features."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return [sysctl.processor()]
    wanted = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features")
    return sorted({line for line in lines if line.partition(":")[0].strip() in wanted})
