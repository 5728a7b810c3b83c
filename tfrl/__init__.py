"""Seed-controlled TF-Agents pipelines, and reports on how reproducible their results are.

Importing this package does not import TensorFlow. It only sets the environment variables with which
TensorFlow uses legacy Keras, which TF-Agents needs, and prints no log when it starts.
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
os.environ["TF_USE_LEGACY_KERAS"] = "1"  # overrides the shell: TF-Agents fails without it
make_imports_quiet()

if TYPE_CHECKING:
    from tfrl.harness.store.loading import load_policy, load_runs

__all__ = ["load_policy", "load_runs"]


def __getattr__(name: str) -> Any:
    """Imports a public name at its first use, since pandas and TensorFlow import slowly."""
    if name in __all__:
        from tfrl.harness.store import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
