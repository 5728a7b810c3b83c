"""Checkpoints: the state of an unfinished run, from which the run resumes."""

import hashlib
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfrl.harness.errors import StoreError
from tfrl.harness.store import atomic_files

_DIGEST = hashlib.sha256().digest_size
_IDENTITY, _SECONDS = "identity", "seconds"  # stored with the arrays of the run


@dataclass
class Checkpoint:
    """A file with the state of one run, replaced atomically by each save.

    It is a NumPy archive after the SHA-256 of its bytes. A checkpoint that is damaged, or belongs
    to a run of another identity, is ignored: the run starts from the beginning.
    """

    path: Path
    identity: Mapping[str, Any]  # determines the outcome of the run; see `manifest.identity`
    seconds_between: float = 30.0
    seconds_before: float = 0.0  # that the run had taken when the loaded state was saved
    _begun: float = field(default_factory=time.monotonic)
    _saved: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        """Returns True `seconds_between` seconds after the last save."""
        return time.monotonic() - self._saved >= self.seconds_between

    def load(self) -> dict[str, np.ndarray] | None:
        """Returns the last saved state of this run; None if there is none."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        digest, archive = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(archive).digest() != digest:
            return None
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            state = dict(arrays)
        if str(state.pop(_IDENTITY, None)) != self._encoded_identity():
            return None
        self.seconds_before = float(state.pop(_SECONDS))
        return state

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """Saves these arrays. Raises `StoreError`."""
        seconds = self.seconds_before + time.monotonic() - self._begun
        metadata = {_IDENTITY: np.array(self._encoded_identity()), _SECONDS: np.array(seconds)}
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, **state, **metadata)
        content = archive.getvalue()
        atomic_files.store_bytes(self.path, hashlib.sha256(content).digest() + content)
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Removes the file, if it exists. Raises `StoreError`."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error

    def _encoded_identity(self) -> str:
        return json.dumps(self.identity, sort_keys=True)
