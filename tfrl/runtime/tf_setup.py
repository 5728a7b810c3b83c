"""How TensorFlow is set up in a process that trains."""

import logging
import os
import platform
import warnings
from pathlib import Path

from tfrl.runtime import compile_cache

_INSTRUCTION_SET = "AVX2"  # what runs are held to, whatever else the processor has
_X86 = platform.machine() in ("x86_64", "AMD64")

# XLA's own mathematical functions instead of the processor's. The second switch also has 1/sqrt(x)
# computed from a square root and a division, where processors approximate it each in its own way.
_XLA_FLAGS = (
    f"--xla_cpu_max_isa={_INSTRUCTION_SET}",
    "--xla_cpu_enable_platform_dependent_math=false",
    "--xla_backend_extra_options=xla_cpu_disable_platform_dependent_math",
)

# NumPy computes what happens outside the graph: physics of Gymnasium's own environments. These are
# all of its dispatched features beyond AVX2; it ignores those that the processor lacks.
_NUMPY_BEYOND_AVX2 = (
    "AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
)

# Variables of the environment that change numbers or make a run fail, and what runs are made with;
# None for not set. XLA_FLAGS is set as a whole: a flag of the user's may change numbers too.
ENVIRONMENT: dict[str, str | None] = {
    "XLA_FLAGS": " ".join(_XLA_FLAGS),
    "ONEDNN_MAX_CPU_ISA": _INSTRUCTION_SET,
    "NPY_DISABLE_CPU_FEATURES": _NUMPY_BEYOND_AVX2 if _X86 else None,
    "OPENBLAS_CORETYPE": "Haswell" if _X86 else None,
    "CUDA_VISIBLE_DEVICES": "-1",  # runs are computed by the processor, also where there is a GPU
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
            "GLIBC_TUNABLES",  # can take instructions away from the C library's functions
        )
    ),
}


def overridden() -> list[str]:
    """Names of the variables that are set otherwise than runs are made with."""
    present = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    present["TF_XLA_FLAGS"] = compile_cache.without_flag(present.get("TF_XLA_FLAGS", ""))
    return [name for name, value in present.items() if value and value != ENVIRONMENT[name]]


def environment() -> dict[str, str]:
    """This process's variables, with those of `ENVIRONMENT` as runs are made with."""
    present = {name: value for name, value in os.environ.items() if name not in ENVIRONMENT}
    return {**present, **{name: value for name, value in ENVIRONMENT.items() if value is not None}}


def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether this machine has a GPU, which is a file in the folder `devices`."""
    return any(True for name in ("nvidia[0-9]*", "kfd") for _ in devices.glob(name))


def configure() -> None:
    """Makes this process compute on one thread and keep quiet. To be called before TensorFlow runs.

    One thread is the fastest setting for networks as small as these, and it makes results the same
    whatever else the machine does. The flags make x86-64 processors that have AVX2 agree on every
    bit, which a test shows for one that is emulated.
    """
    variables = environment()
    for name in ENVIRONMENT:
        os.environ.pop(name, None)
    os.environ.update(variables)
    silence()

    import tensorflow as tf

    compile_cache.use()  # before anything that asks for devices, which is when flags are read
    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def silence() -> None:
    """Imports TensorFlow and TF-Agents without their deprecation warnings; see also `quiet`."""
    warnings.filterwarnings("ignore", category=SyntaxWarning, module="tf_agents")
    import tensorflow  # noqa: F401
    import tf_agents.agents  # noqa: F401

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
