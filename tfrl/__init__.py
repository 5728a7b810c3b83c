"""How far can a deep-RL result be trusted? Seed-controlled TF-Agents pipelines and their reports.

Importing this package loads no TensorFlow. It only says, before anyone does, that TensorFlow is
to use the legacy Keras that TF-Agents was written for, and to keep its start-up log to itself.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

from tfrl.runtime.quiet import make_imports_quiet

__version__ = "0.1.0"

if "tensorflow" in sys.modules and os.environ.get("TF_USE_LEGACY_KERAS") != "1":
    raise ImportError(
        "import tfrl before tensorflow, or set TF_USE_LEGACY_KERAS=1: TF-Agents needs legacy Keras"
    )
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # whatever the shell says: TF-Agents fails without
make_imports_quiet()

if TYPE_CHECKING:
    from tfrl.harness.store.loading import load_policy, load_runs

__all__ = ["load_policy", "load_runs"]


def __getattr__(name: str) -> Any:
    """Imports what is asked for: pandas and TensorFlow take their time."""
    if name in __all__:
        from tfrl.harness.store import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
