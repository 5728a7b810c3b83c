"""Where a result comes from: code, lock, versions, processor. TensorFlow is not imported."""

import hashlib
import platform
import subprocess
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

import tfrl
from tfrl.conditions import GYMNASIUM

# Packages whose numerics reach a result: other versions of them may give other results.
_NUMERICS = ("tensorflow", "tf-agents", "tf-keras", "tensorflow-probability", "numpy")
_GYMNASIUM = ("gymnasium", "box2d")  # that of an environment which is Gymnasium's own
_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")


def collect() -> dict[str, Any]:
    """What all runs of one invocation share: git revision, lock, versions and processor."""
    package = Path(tfrl.__file__).parent
    return {
        "git": git_revision(package),
        "lock_sha256": _sha256_if_there(package.parent / "requirements" / "lock.txt"),
        "versions": versions(),
        "processor": processor(),
    }


def code_sha256(files: Iterable[Path]) -> str:
    """SHA-256 over the names (inside tfrl, the paths) and contents of source files."""
    package = Path(tfrl.__file__).parent
    digest = hashlib.sha256()
    for file in files:
        inside = file.is_relative_to(package)
        name = file.relative_to(package).as_posix() if inside else file.name
        content = file.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def git_revision(folder: Path) -> str | None:
    """The commit that `folder` is at, with "+changes" if files differ from it; None if unknown.

    A folder that only lies inside someone else's repository, as an installed package may, has none.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(folder), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")
        return git("describe", "--always", "--exclude=*", "--abbrev=40", "--dirty=+changes")
    except (OSError, subprocess.CalledProcessError):
        return None


def numerics(environment_id: str) -> tuple[str, ...]:
    """The packages whose numerics reach the result of a run on an environment."""
    return _NUMERICS + (_GYMNASIUM if environment_id.startswith(GYMNASIUM) else ())


def versions() -> dict[str, str | None]:
    """Versions of Python, tfrl and the packages that results pass through."""
    return {
        "python": platform.python_version(),
        "tfrl": tfrl.__version__,
        **{package: _version(package) for package in (*_NUMERICS, *_GYMNASIUM, "pandas")},
    }


def processor() -> dict[str, Any]:
    """The processor's architecture and model, and which vector instructions it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    info = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = info.get("flags", "").split()
    return {
        "machine": platform.machine(),
        "model": info.get("model name") or platform.processor() or None,
        "flags": [flag for flag in _FLAGS if flag in flags],
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _sha256_if_there(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
