"""Settings of TensorFlow and NumPy in a process that trains."""

import logging
import os
import platform
import warnings
from pathlib import Path

from tfrl.runtime import compile_cache

_INSTRUCTION_SET = "AVX2"  # the newest that runs use, on any x86-64 processor
_X86 = platform.machine() in ("x86_64", "AMD64")

# XLA's own mathematical functions instead of the processor's. The third flag also makes 1/sqrt(x) a
# square root and a division, since each processor approximates it in its own way.
_XLA_FLAGS = (
    f"--xla_cpu_max_isa={_INSTRUCTION_SET}",
    "--xla_cpu_enable_platform_dependent_math=false",
    "--xla_backend_extra_options=xla_cpu_disable_platform_dependent_math",
)

# NumPy computes the physics of Gymnasium's own environments. These are all its dispatched features
# beyond AVX2. It ignores those that the processor does not have.
_NUMPY_BEYOND_AVX2 = (
    "AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
)

# Environment variables that change results or make a run fail, with their values in runs; None for
# unset. XLA_FLAGS is replaced entirely, since any flag of the user may change results.
ENVIRONMENT: dict[str, str | None] = {
    "XLA_FLAGS": " ".join(_XLA_FLAGS),
    "ONEDNN_MAX_CPU_ISA": _INSTRUCTION_SET,
    "NPY_DISABLE_CPU_FEATURES": _NUMPY_BEYOND_AVX2 if _X86 else None,
    "OPENBLAS_CORETYPE": "Haswell" if _X86 else None,
    "CUDA_VISIBLE_DEVICES": "-1",  # runs use the processor, even if there is a GPU
    **dict.fromkeys(
        (
            "TF_XLA_FLAGS",
            "TF_ENABLE_ONEDNN_OPTS",
            "ONEDNN_DEFAULT_FPMATH_MODE",
            "TF_DETERMINISTIC_OPS",
            "TF_CUDNN_DETERMINISTIC",
            "TF_NUM_INTRAOP_THREADS",
            "TF_NUM_INTEROP_THREADS",
            "TF_DISABLE_MKL",
            "NPY_ENABLE_CPU_FEATURES",
            "GLIBC_TUNABLES",  # can disable instructions in the C library
        )
    ),
}


def overridden() -> list[str]:
    """Returns the names of the environment variables whose values differ from `ENVIRONMENT`."""
    present = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    present["TF_XLA_FLAGS"] = compile_cache.without_flag(present.get("TF_XLA_FLAGS", ""))
    return [name for name, value in present.items() if value and value != ENVIRONMENT[name]]


def environment() -> dict[str, str]:
    """Returns this process's environment variables, with those of `ENVIRONMENT` replaced."""
    present = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    return {**present, **{name: value for name, value in ENVIRONMENT.items() if value is not None}}


def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Returns True if this machine has a GPU, which is a file in the folder `devices`."""
    return any(True for name in ("nvidia[0-9]*", "kfd") for _ in devices.glob(name))


def configure() -> None:
    """Sets up this process for reproducible training. Call it before TensorFlow runs anything.

    TensorFlow uses one thread, which is fastest for small networks and makes results independent of
    the machine's load. With the flags, all x86-64 processors with AVX2 compute the same bits, which
    is tested with an emulated processor.
    """
    variables = environment()
    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    os.environ.update(variables)
    silence()

    import tensorflow as tf

    compile_cache.enable()  # first, since TensorFlow reads its flags when it lists devices
    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def silence() -> None:
    """Imports TensorFlow and TF-Agents without their deprecation warnings. See also `quiet`."""
    warnings.filterwarnings("ignore", category=SyntaxWarning, module="tf_agents")
    import tensorflow  # noqa: F401
    import tf_agents.agents  # noqa: F401

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
