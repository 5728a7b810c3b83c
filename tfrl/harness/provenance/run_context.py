"""The context of a run: code, lock, versions and machine. TensorFlow is not imported."""

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

# Packages whose versions may change the bits of a result.
_NUMERICS = ("tensorflow", "tf-agents", "tf-keras", "tensorflow-probability", "numpy")
_GYMNASIUM = ("gymnasium", "box2d")  # for the environments of Gymnasium
_FLAGS = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
_VARIABLES = (  # environment variables that set the instructions and threads
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
    """Returns the command, the code and the machine of an invocation, which all its runs share.

    If the code differs from its git revision, the diff is stored in `runs`, the folder of the
    study's runs. It includes those of `sources` that are not in git. Raises `StoreError`.
    """
    package = Path(tfrl.__file__).parent
    revision = git.revision(package, sources)
    return {
        "command": shlex.join(["tfrl", *sys.argv[1:]]),
        "git": revision and str(revision),
        "diff_sha256": git.store_diff(revision.diff, runs) if revision and revision.diff else None,
        "lock_sha256": _sha256_if_there(package.parent / "requirements" / "lock.txt"),
        **machine(),
    }


def of_process() -> dict[str, Any]:
    """Returns the context of this worker process, after its setup."""
    return {
        **machine(),
        "threads": _threads(),
        "instruction_set": _instruction_set(),
        "variables": _variables(),
        "peak_memory_mib": peak_memory(),
    }


@functools.cache
def machine() -> dict[str, Any]:
    """Returns the processor and operating system of this process."""
    libc = " ".join(platform.libc_ver())
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}, {libc or 'unknown libc'}",
    }


def code_sha256(files: Iterable[Path]) -> str:
    """Returns the SHA-256 of the names (in tfrl: the paths) and the code of source files.

    It does not depend on their folders, their order, their layout and their comments; see
    `canonical_code.canonical`.
    """
    digest = hashlib.sha256()
    for name, content in sorted(
        (_name(file), canonical_code.canonical(file.read_bytes())) for file in files
    ):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def numerics(environment_id: str) -> tuple[str, ...]:
    """Returns the packages whose versions may change the bits of a run on an environment."""
    return _NUMERICS + (_GYMNASIUM if environment_id.startswith(GYMNASIUM) else ())


def versions() -> dict[str, str | None]:
    """Returns the versions of Python, tfrl and the packages that compute or process results."""
    return {
        "python": platform.python_version(),
        "tfrl": tfrl.__version__,
        **{package: _version(package) for package in (*_NUMERICS, *_GYMNASIUM, "pandas")},
    }


def processor() -> dict[str, Any]:
    """Returns the processor's architecture, model, vector instructions and data caches."""
    info = _cpuinfo()
    flags = info.get("flags", "").split()
    return {
        "machine": platform.machine(),
        "model": info.get("model name") or sysctl.processor() or None,
        "flags": [flag for flag in _FLAGS if flag in flags],
        "caches": _caches() or _caches_by_sysctl(),
    }


def _cpuinfo(file: Path = Path("/proc/cpuinfo")) -> dict[str, str]:
    """Returns Linux's information on the processor; empty on other systems."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _variables() -> dict[str, str]:
    """Returns the variables of `_VARIABLES` that are set, without the folder of the XLA cache."""
    values = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    if "TF_XLA_FLAGS" in values:
        values["TF_XLA_FLAGS"] = compile_cache.without_flag(values["TF_XLA_FLAGS"])
    return {name: value for name, value in values.items() if value}


def _caches(folder: Path = Path("/sys/devices/system/cpu/cpu0/cache")) -> dict[str, str]:
    """Returns the sizes of the data caches by level, such as "32K"; empty if unknown."""
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
    """Returns the sizes of the data caches on macOS, like `_caches`."""
    names = {"L1": "hw.l1dcachesize", "L2": "hw.l2cachesize", "L3": "hw.l3cachesize"}
    sizes = {level: sysctl.read(name) for level, name in names.items()}
    return {level: f"{int(size) // 1024}K" for level, size in sizes.items() if size}


def _threads() -> int | None:
    """Returns TensorFlow's number of threads per operation; None if it is not imported."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None:
        return None
    return int(tensorflow.config.threading.get_intra_op_parallelism_threads())


def _instruction_set() -> str | None:
    """Returns the instruction set that XLA is limited to; None if there is no limit."""
    limits = re.findall(r"--xla_cpu_max_isa=(\w+)", os.environ.get("XLA_FLAGS", ""))
    return limits[-1] if limits else None


def peak_memory(status: Path = Path("/proc/self/status")) -> int:
    """Returns the peak memory of this process in MiB.

    On Linux it is read from /proc, since `getrusage` there includes the memory of the parent. On
    other systems `getrusage` returns KiB, except on macOS, where it returns bytes.
    """
    with suppress(OSError):
        if peak := re.search(r"VmHWM:\s*(\d+) kB", status.read_text()):
            return round(int(peak[1]) / 1024)
    peak_size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak_size / (2**20 if platform.system() == "Darwin" else 2**10))


def _name(file: Path) -> str:
    """Returns the path of a file inside tfrl; for other files, the name without its folder."""
    package = Path(tfrl.__file__).parent
    return file.relative_to(package).as_posix() if file.is_relative_to(package) else file.name


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _sha256_if_there(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None
