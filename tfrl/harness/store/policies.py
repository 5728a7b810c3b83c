"""The trained policies of a run, as one NumPy archive."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tfrl.harness.errors import DamagedError, describe

FILE = "policies.npz"


def write(policies: Mapping[str, np.ndarray], folder: Path) -> str | None:
    """Writes the arrays to a run's folder. Returns the SHA-256 of the file; None without arrays.

    Args:
      policies: environment steps `[E]` under "step", and weights `[E, ...]` under their names.
    """
    if not policies:
        return None
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **policies)
    content = archive.getvalue()
    (folder / FILE).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read(folder: Path, sha256: str) -> dict[str, np.ndarray]:
    """Returns the arrays as written. Raises `DamagedError` if the checksum differs."""
    path = folder / FILE
    try:
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedError(f"{path} is damaged: its content differs from its checksum")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError) as error:
        raise DamagedError(f"{path} is damaged: {describe(error)}") from None
