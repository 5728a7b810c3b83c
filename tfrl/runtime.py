"""How TensorFlow is set up in a process that trains."""

import logging
import os
import warnings
from pathlib import Path


def configure() -> None:
    """Makes this process compute on one thread and keep quiet. To be called before TensorFlow runs.

    One thread is the fastest setting for networks as small as these, and it makes results the same
    whatever else the machine does. The processor flags keep XLA to AVX2 and to mathematical
    functions of its own, so that x86-64 processors agree on nearly all operations. They may still
    differ in 1/sqrt(x), of which the agents use some, so equal bits are promised for one type of
    processor only.
    """
    os.environ["XLA_FLAGS"] = " ".join(
        (
            os.environ.get("XLA_FLAGS", ""),
            "--xla_cpu_max_isa=AVX2 --xla_cpu_enable_platform_dependent_math=false",
        )
    ).strip()
    os.environ["ONEDNN_MAX_CPU_ISA"] = "AVX2"
    silence()

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def silence() -> None:
    """Imports TensorFlow and TF-Agents without their banners and deprecation warnings."""
    warnings.filterwarnings("ignore", category=SyntaxWarning, module="tf_agents")
    with Path(os.devnull).open("w") as devnull:
        saved = os.dup(2)
        try:
            os.dup2(devnull.fileno(), 2)
            import tensorflow  # noqa: F401
            import tf_agents.agents  # noqa: F401
        finally:
            os.dup2(saved, 2)
            os.close(saved)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    logging.getLogger("absl").setLevel(logging.ERROR)
