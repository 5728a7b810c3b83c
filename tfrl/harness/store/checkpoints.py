"""What a run in progress keeps, so that it goes on where it was should its process end."""

import hashlib
import io
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfrl.harness.errors import StoreError, describe

_DIGEST = hashlib.sha256().digest_size
_IDENTITY, _SECONDS = "identity", "seconds"  # beside the arrays of the run


@dataclass
class Checkpoint:
    """A file with the state of one run, replaced as a whole each time.

    It is a NumPy archive behind the SHA-256 of its bytes. What is damaged, or was kept by a run of
    another identity, is as good as nothing: the run then begins anew.
    """

    path: Path
    identity: Mapping[str, Any]  # what decides the outcome of the run; see `manifest.identity`
    seconds_between: float = 30.0
    seconds_before: float = 0.0  # that the run took until the state that was loaded
    _begun: float = field(default_factory=time.monotonic)
    _saved: float = field(default_factory=time.monotonic)

    def is_due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._saved >= self.seconds_between

    def load(self) -> dict[str, np.ndarray] | None:
        """What was last saved; None if there is nothing that this run can go on from."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        digest, archive = content[:_DIGEST], content[_DIGEST:]
        if hashlib.sha256(archive).digest() != digest:
            return None
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            state = dict(arrays)
        if str(state.pop(_IDENTITY, None)) != self._identity():
            return None
        self.seconds_before = float(state.pop(_SECONDS))
        return state

    def save(self, state: Mapping[str, np.ndarray]) -> None:
        """Keep these arrays. Raises `StoreError` if that cannot be done."""
        seconds = self.seconds_before + time.monotonic() - self._begun
        about = {_IDENTITY: np.array(self._identity()), _SECONDS: np.array(seconds)}
        archive = io.BytesIO()
        np.savez(archive, allow_pickle=False, **state, **about)
        content = archive.getvalue()
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(hashlib.sha256(content).digest() + content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            reason = error.strerror or describe(error)
            raise StoreError(f"{self.path} cannot be stored: {reason}") from error
        self._saved = time.monotonic()

    def remove(self) -> None:
        """Keep nothing any more. Raises `StoreError` if that cannot be done."""
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be removed: {error.strerror}") from error

    def _identity(self) -> str:
        return json.dumps(self.identity, sort_keys=True)
