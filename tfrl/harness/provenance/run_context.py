"""Where a result comes from: code, lock, versions, processor. TensorFlow is not imported."""

import functools
import hashlib
import os
import platform
import re
import resource
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import tfrl
from tfrl.harness.provenance import canonical_code, git
from tfrl.runtime import compile_cache, sysctl
from tfrl.variations import GYMNASIUM

# Packages whose numerics reach a result: other versions of them may give other results.
_NUMERICS = ("tensorflow", "tf-agents", "tf-keras", "tensorflow-probability", "numpy")
_GYMNASIUM = ("gymnasium", "box2d")  # that of an environment which is Gymnasium's own
_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
_VARIABLES = (  # of the environment: they decide on what instructions and threads is computed
    "XLA_FLAGS",
    "TF_XLA_FLAGS",
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "NPY_DISABLE_CPU_FEATURES",
)


def of_invocation(runs: Path, sources: Iterable[Path]) -> dict[str, Any]:
    """What all runs of one invocation share: the command, the code, and for now the machine.

    Where the code differs from its git revision, the diff is stored beside the runs of the study in
    the folder `runs`, with those of `sources` that git does not know. Raises `StoreError`.
    """
    package = Path(tfrl.__file__).parent
    here = git.revision(package, sources)
    return {
        "command": shlex.join(["tfrl", *sys.argv[1:]]),
        "git": here and str(here),
        "diff_sha256": git.store_diff(here.diff, runs) if here and here.diff else None,
        "lock_sha256": _sha256_if_there(package.parent / "requirements" / "lock.txt"),
        **machine(),
    }


def of_process() -> dict[str, Any]:
    """What a process that makes runs knows of itself, once it is set up for them."""
    return {
        **machine(),
        "threads": _threads(),
        "instruction_set": _instruction_set(),
        "variables": _variables(),
        "peak_memory_mib": peak_memory(),
    }


@functools.cache
def machine() -> dict[str, Any]:
    """The computer and system that this process runs on."""
    libc = " ".join(platform.libc_ver())
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}, {libc or 'unknown libc'}",
    }


def code_sha256(files: Iterable[Path]) -> str:
    """SHA-256 over the names (inside tfrl, the paths) and the code of source files.

    It is the same wherever they are, in whatever order, and however their code is laid out and
    commented; see `canonical_code.canonical`.
    """
    digest = hashlib.sha256()
    for name, content in sorted(
        (_name(file), canonical_code.canonical(file.read_bytes())) for file in files
    ):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


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
    info = _cpuinfo()
    flags = info.get("flags", "").split()
    return {
        "machine": platform.machine(),
        "model": info.get("model name") or sysctl.processor() or None,
        "flags": [flag for flag in _FLAGS if flag in flags],
        "caches": _caches() or _caches_by_sysctl(),
    }


def _cpuinfo(file: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """What Linux tells of the processor; nothing on other systems."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _variables() -> dict[str, str]:
    """The environment variables that decide how is computed; where the cache is does not."""
    values = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    if "TF_XLA_FLAGS" in values:
        values["TF_XLA_FLAGS"] = compile_cache.without_flag(values["TF_XLA_FLAGS"])
    return {name: value for name, value in values.items() if value}


def _caches(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, str]:
    """Sizes of the data caches by level, as "32K"; none where the system does not tell."""
    sizes = {}
    for index in sorted(folder.glob("index*")):
        with suppress(OSError):
            level, kind, size = (
                (index / name).read_text().strip() for name in ("level", "type", "size")
            )
            if kind != "Instruction":
                sizes[f"L{level}"] = size
    return sizes


def _caches_by_sysctl() -> dict[str, str]:
    """The same as `_caches`, on macOS."""
    names = {"L1": "hw.l1dcachesize", "L2": "hw.l2cachesize", "L3": "hw.l3cachesize"}
    sizes = {level: sysctl.read(name) for level, name in names.items()}
    return {level: f"{int(size) // 1024}K" for level, size in sizes.items() if size}


def _threads() -> int | None:
    """The threads that TensorFlow computes an operation on; None if it is not at work here."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return None
    return int(tensorflow.config.threading.get_intra_op_parallelism_threads())


def _instruction_set() -> str | None:
    """The most that XLA may use of the processor's instructions; None if it is not held to any."""
    held = re.findall(r"--xla_cpu_max_isa=(\w+)", os.environ.get("XLA_FLAGS", ""))
    return held[-1] if held else None


def peak_memory(status: Path = Path("/proc/self/status")) -> int:
    """MiB of memory that this process has had at most.

    Linux tells it in /proc: its `getrusage` also counts the memory of the parent. Other systems are
    asked by `getrusage`, which counts in KiB, and on macOS in bytes.
    """
    with suppress(OSError):
        if peak := re.search(r"VmHWM:\s*(\d+) kB", status.read_text()):
            return round(int(peak[1]) / 1024)
    peak_size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak_size / (2**20 if platform.system() == "Darwin" else 2**10))


def _name(file: Path) -> str:
    """What the file is known by wherever it is."""
    package = Path(tfrl.__file__).parent
    return file.relative_to(package).as_posix() if file.is_relative_to(package) else file.name


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _sha256_if_there(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
