"""A persistent cache of compiled XLA code, shared by processes.

XLA reads and writes entries in a folder, and does not verify them: a truncated entry makes an
operation fail, and an entry for another processor can crash the process. So each process has its
own folder, a view, with links to the intact entries. `save` stores the entries that the process
compiled itself, under their names and SHA-256.

    .cache/tfrl/KEY/entries/NAME.SHA256     KEY: processor, TensorFlow, flags
    .cache/tfrl/KEY/view-.../NAME           removed by the process at exit, or by a later one

Results have the same bits with and without the cache. The environment variable `TFRL_CACHE` is the
folder to use instead of `.cache` in the current folder, or `off`. The folder may be deleted at any
time.
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
_MAX_BYTES = 256 * 2**20  # of all entries; each process reads all entries of its key
_MIN_FREE_BYTES = 2 * _MAX_BYTES  # on the disk: XLA fails if it cannot write an entry


class CacheError(OSError):
    """An unusable folder in `TFRL_CACHE`. The message is one sentence."""


def enable() -> None:
    """Makes XLA use the cache. Call it before TensorFlow runs anything.

    There is no cache if `.cache` cannot be written or the disk is nearly full. Raises `CacheError`
    if the folder in `TFRL_CACHE` cannot be used.
    """
    global _view
    release()
    others = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if not _is_ours(flag)]
    _set_flags(others)  # drops the view of a parent process
    if root := usable_folder():
        _view = _View.open(root, key())
        _set_flags([*others, f"{FLAG}{_view.folder}"])


def save() -> int:
    """Stores the entries that this process has compiled, and returns the number of new ones."""
    return _view.save() if _view else 0


@atexit.register
def release() -> None:
    """Saves the entries and removes the view of this process."""
    global _view
    if _view:
        _view.save()
        _view.close()
        _view = None


def usable_folder() -> Path | None:
    """Returns the folder of the cache; None without a cache. Raises `CacheError`, see `enable`."""
    configured = os.environ.get(VARIABLE, "")
    if configured == _OFF:
        return None
    root = Path(configured or ".cache").absolute() / "tfrl"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(root):
            return root if shutil.disk_usage(root).free >= _MIN_FREE_BYTES else None
    except OSError as error:
        if configured:
            reason = error.strerror or error
            raise CacheError(
                f"{VARIABLE} is {configured}, which cannot be used: {reason}"
            ) from None
        return None


def without_flag(flags: str) -> str:
    """Returns `TF_XLA_FLAGS` without the folder of the cache, which does not affect results."""
    return " ".join(flag for flag in flags.split() if not flag.startswith(FLAG))


def key() -> str:
    """Returns a folder name with a hash of all that compiled code depends on.

    These are the processor, versions and flags. NumPy queries the processor itself: under an
    emulator, the system describes the real processor.
    """
    import numpy as np
    import tensorflow as tf

    flags = [flag for flag in os.environ.get("TF_XLA_FLAGS", "").split() if not _is_ours(flag)]
    parts = {
        "machine": platform.machine(),
        "simd": np.show_config(mode="dicts")["SIMD Extensions"],
        "system": _processor_features(),
        "tensorflow": [tf.version.VERSION, tf.version.GIT_VERSION, tf.version.COMPILER_VERSION],
        "python": platform.python_version(),
        "TF_XLA_FLAGS": flags,
        **{name: os.environ.get(name, "") for name in ("XLA_FLAGS", "ONEDNN_MAX_CPU_ISA")},
    }
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    return f"{platform.machine()}-tensorflow-{tf.version.VERSION}-{digest[:16]}"


@dataclass
class _View:
    """The folder that XLA uses in this process."""

    root: Path
    entries: Path
    folder: Path
    lock: int  # file descriptor; the view is in use while it is locked
    stored: set[str] = field(default_factory=set)  # names of the entries in `entries`

    @classmethod
    def open(cls, root: Path, key: str) -> "_View":
        """Creates a view of the intact entries with that key, and deletes the others."""
        entries = root / key / "entries"
        with _locked(root):
            _remove_stale_views(root)
            entries.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="view-", dir=entries.parent))
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            links = {entry: folder / entry.stem for entry in sorted(entries.iterdir())}
            for entry, link in links.items():
                if not link.exists():
                    _link(entry, link)
        view = cls(root, entries, folder, lock)
        for entry, link in links.items():
            view._verify(entry, link)
        return view

    def _verify(self, entry: Path, link: Path) -> None:
        """Deletes an entry and its link if the content does not match the SHA-256 in the name."""
        if link.name in self.stored:
            return
        if _sha256(link) == entry.suffix[1:]:
            self.stored.add(link.name)
            # Most systems update the access time on reading, so `save` can tell if XLA used it.
            os.utime(link, ns=(0, link.stat().st_mtime_ns))
        else:
            link.unlink()
            entry.unlink(missing_ok=True)

    def save(self) -> int:
        """Stores new entries, updates the times of used ones, and removes the oldest."""
        new = 0
        with suppress(FileNotFoundError), _locked(self.root):  # the cache was deleted
            for file in sorted(self.folder.glob("*.pb")):
                if file.name not in self.stored:
                    self.stored.add(file.name)
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
    """Locks the cache, so no other process stores, removes or links entries."""
    descriptor = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _link(file: Path, other: Path) -> None:
    """Creates a hard link `other` to a file, or copies the file if links are not permitted."""
    with suppress(FileExistsError):
        try:
            os.link(file, other)
        except PermissionError:
            part = other.with_name(f"{other.name}.part")
            shutil.copyfile(file, part)
            part.rename(other)


def _remove_stale_views(root: Path) -> None:
    """Removes the views of killed processes."""
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
    """Removes the least recently used entries until `_MAX_BYTES` or less are left."""
    stats = {file: file.stat() for file in root.glob("*/entries/*")}
    total = sum(stat.st_size for stat in stats.values())
    for file in sorted(stats, key=lambda file: stats[file].st_mtime_ns):
        if total <= _MAX_BYTES:
            break
        file.unlink()
        total -= stats[file].st_size


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _processor_features(file: Path = Path("/proc/cpuinfo")) -> list[str]:
    """Returns the processor's model and, on Linux, its features, as the system reports them."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return [sysctl.processor()]
    keys = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features")
    return sorted({line for line in lines if line.partition(":")[0].strip() in keys})
