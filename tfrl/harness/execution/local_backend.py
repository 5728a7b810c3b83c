"""Worker processes of this machine."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from typing import Any

from tfrl.harness.engine import Engine
from tfrl.harness.execution import worker
from tfrl.harness.execution.backends import WorkerDied
from tfrl.harness.execution.plan import Task
from tfrl.harness.execution.worker import Message
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import JsonObject
from tfrl.harness.store.run_store import RunStore
from tfrl.runtime import tf_setup

_SECONDS_TO_STOP = 10.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class LocalProcess:
    """The parent's end of a worker process on this machine."""

    def __init__(self, engine: Engine, store: RunStore, invocation: JsonObject) -> None:
        context = multiprocessing.get_context("spawn")
        self.waitable, child = context.Pipe()
        arguments = (child, engine, store, invocation)
        self._process = context.Process(target=worker.main, args=arguments, daemon=True)
        with _child_environment():
            self._process.start()
        child.close()  # so that `receive` fails when the worker ends

    @property
    def machine(self) -> JsonObject:
        """Description of this machine."""
        return run_context.machine()

    def send(self, task: Task) -> None:
        """Sends a task to the process. Raises `WorkerDied`."""
        try:
            self.waitable.send(task)
        except ConnectionError:
            raise self._died() from None

    def receive(self) -> Message:
        """Returns the next message; blocks until there is one. Raises `WorkerDied`."""
        try:
            return self.waitable.recv()
        except (EOFError, OSError):
            raise self._died() from None

    def stop(self) -> None:
        """Terminates the process, and kills it if it does not end within 10 s."""
        self._process.terminate()
        self.waitable.close()
        self._process.join(_SECONDS_TO_STOP)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()

    def _died(self) -> WorkerDied:
        self._process.join(_SECONDS_TO_STOP)
        return WorkerDied(f"the worker process {_describe_exit(self._process.exitcode)}")


class LocalBackend:
    """Starts worker processes on this machine: the default backend."""

    def capacity(self) -> int:
        """Returns the number of processors that this process may use."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def start(self, engine: Engine, store: RunStore, invocation: JsonObject) -> LocalProcess:
        """Starts a process, which stores its runs in `store` itself."""
        return LocalProcess(engine, store, invocation)

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Returns the waitables with a message to receive; blocks at most `seconds`."""
        return connection.wait(waitables, seconds)


@contextmanager
def _child_environment() -> Iterator[None]:
    """Sets the environment variables of runs, and blocks SIGINT, for processes started in it.

    A terminal sends Ctrl-C to all its processes, but only the parent handles it. The parent
    receives a Ctrl-C that arrives in the meantime afterwards.
    """
    variables = {**tf_setup.ENVIRONMENT, **dict.fromkeys(_THREADS, "1")}
    before = {name: os.environ.get(name) for name in variables}
    resource_tracker.ensure_running()  # starting it would unblock SIGINT
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _set(variables)
    try:
        with _sigint_deferred():
            yield
    finally:
        _set(before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _sigint_deferred() -> Iterator[None]:
    """Defers SIGINT until the end of the block, also if it arrives in a thread that has no mask.

    Otherwise a starting process may wait forever for data from its interrupted parent.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: received.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if received:
            signal.raise_signal(signal.SIGINT)


def _set(variables: Mapping[str, str | None]) -> None:
    """Sets environment variables; None removes one."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = " (possibly out of memory)" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"
