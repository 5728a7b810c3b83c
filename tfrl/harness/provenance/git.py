"""The git revision of the code, and the diff of the working tree to it."""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tfrl.harness.store import atomic_files

_DIFF = ("diff", "--binary", "--no-color", "--no-ext-diff", "--src-prefix=a/", "--dst-prefix=b/")


@dataclass(frozen=True)
class Revision:
    """A commit, and the diff of the working tree to it."""

    commit: str
    diff: bytes  # input for `git apply`; empty if nothing differs

    def __str__(self) -> str:
        return f"{self.commit}{'+changes' if self.diff else ''}"


def revision(package: Path, sources: Iterable[Path] = ()) -> Revision | None:
    """Returns the revision of `package`; None if unknown.

    The diff has all files in git except reports/, which is output, and those of `sources` that are
    not in git yet. A package that only lies inside another project's repository, as an installed
    one may, has no revision.
    """
    try:
        _git(package, "ls-files", "--error-unmatch", "__init__.py")
        top = Path(os.fsdecode(_git(package, "rev-parse", "--show-toplevel")).rstrip("\n"))
        commit = _git(top, "rev-parse", "HEAD").decode().strip()
        changes = _git(top, *_DIFF, "HEAD", "--", ".", ":(exclude)reports")
        return Revision(commit, changes + b"".join(_additions(top, sources)))
    except (OSError, subprocess.CalledProcessError):
        return None


def diff_path(sha256: str, folder: Path) -> Path:
    """Returns the file of a diff; `folder` holds the runs of a study."""
    return folder / ".diffs" / f"{sha256}.patch"


def store_diff(diff: bytes, folder: Path) -> str:
    """Stores a diff in the folder of a study's runs, and returns its SHA-256.

    Raises `StoreError`.
    """
    sha256 = hashlib.sha256(diff).hexdigest()
    file = diff_path(sha256, folder)
    if not file.exists():
        atomic_files.store_bytes(file, diff)
    return sha256


def _additions(top: Path, sources: Iterable[Path]) -> Iterable[bytes]:
    """Yields a patch for each of the sources that is not in git."""
    inside = [str(file.resolve()) for file in sources if file.resolve().is_relative_to(top)]
    if not inside:
        return
    untracked = _git(top, "ls-files", "--others", "-z", "--", *sorted(inside))
    for name in filter(None, untracked.split(b"\0")):
        arguments = ("--no-index", "--", os.devnull, os.fsdecode(name))
        yield _git(top, *_DIFF, *arguments, statuses=(0, 1))  # 1: the files differ


def _git(folder: Path, *arguments: str, statuses: tuple[int, ...] = (0,)) -> bytes:
    """Returns the output of git. Raises `OSError` or `subprocess.CalledProcessError`."""
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True)
    if done.returncode not in statuses:
        raise subprocess.CalledProcessError(done.returncode, command)
    return done.stdout
