"""Imports TensorFlow without its log, and Gym, which TF-Agents imports, without its notice.

TensorFlow writes to file descriptor 2 before it reads any setting, so it is redirected during the
import.
"""

import contextlib
import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


def make_imports_quiet() -> None:
    """Suppresses later output of imports. Call it before TensorFlow and Gym are imported."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.meta_path.insert(0, _QuietTensorFlow())
    with contextlib.suppress(ImportError):
        from gym_notices import notices

        notices.notices.clear()


class _QuietTensorFlow(MetaPathFinder):
    """A finder that imports TensorFlow as usual, but without output. It removes itself."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Returns the usual spec of TensorFlow with a quiet loader, and None for other modules."""
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                with _without_stderr():
                    execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def _without_stderr() -> Iterator[None]:
    """Redirects file descriptor 2 to the null device."""
    try:
        saved = os.dup(2)
    except OSError:  # already closed
        yield
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(devnull)
