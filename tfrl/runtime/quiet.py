"""Has TensorFlow start without its log, and Gym, which TF-Agents imports, without its notice.

TensorFlow writes to file descriptor 2 before it reads any setting, so that is closed meanwhile.
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
    """To be called before TensorFlow and Gym are imported; it imports neither."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.meta_path.insert(0, _QuietTensorFlow())
    with contextlib.suppress(ImportError):
        from gym_notices import notices

        notices.notices.clear()


class _QuietTensorFlow(MetaPathFinder):
    """Finds TensorFlow as it would be found anyway, once, and executes it quietly."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder`."""
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
    """Drops what is written to file descriptor 2 within. Exceptions pass."""
    try:
        saved = os.dup(2)
    except OSError:  # it is closed
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
