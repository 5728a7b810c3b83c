"""The git revision of the code, and what the files here differ in from it."""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfrl.harness.errors import StoreError

_DIFF = ("diff", "--binary", "--no-color", "--no-ext-diff", "--src-prefix=a/", "--dst-prefix=b/")


@dataclass(frozen=True)
class Revision:
    """A commit, and the patch that makes of it what is here."""

    commit: str
    diff: bytes  # as `git apply` takes it; empty if nothing differs

    def __str__(self) -> str:
        return f"{self.commit}{'+changes' if self.diff else ''}"


def revision(package: Path, sources: Iterable[Path] = ()) -> Revision | None:
    """The revision that `package` is at; None if unknown.

    What differs is said of every file that git knows, but for the reports, which are output, and of
    those of `sources` that it does not know yet. A package that only lies inside someone else's
    repository, as an installed one may, has no revision.
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
    """The file of a diff, where `folder` has the runs of a study."""
    return folder / ".diffs" / f"{sha256}.patch"


def store_diff(diff: bytes, folder: Path) -> str:
    """Store a diff once, beside the runs of a study in `folder`; returns its SHA-256.

    Raises `StoreError`.
    """
    sha256 = hashlib.sha256(diff).hexdigest()
    file = diff_path(sha256, folder)
    temporary = file.with_name(f".{sha256}.{os.getpid()}")
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream:
                stream.write(diff)
                os.fsync(stream.fileno())
            temporary.rename(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()  # if it came so far
        raise StoreError(f"{file} cannot be stored: {error.strerror}") from error
    return sha256


def _additions(top: Path, sources: Iterable[Path]) -> Iterable[bytes]:
    """The patch that adds each of the sources that git does not know."""
    inside = [str(file.resolve()) for file in sources if file.resolve().is_relative_to(top)]
    if not inside:
        return
    unknown = _git(top, "ls-files", "--others", "-z", "--", *sorted(inside))
    for name in filter(None, unknown.split(b"\0")):
        arguments = ("--no-index", "--", os.devnull, os.fsdecode(name))
        yield _git(top, *_DIFF, *arguments, fine=(0, 1))  # 1: they differ


def _git(folder: Path, *arguments: str, fine: tuple[int, ...] = (0,)) -> bytes:
    """What git says. Raises `OSError` or `subprocess.CalledProcessError`."""
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True)
    if done.returncode not in fine:
        raise subprocess.CalledProcessError(done.returncode, command)
    return done.stdout
