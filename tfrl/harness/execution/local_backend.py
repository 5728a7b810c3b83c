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
from tfrl.harness.execution.plan import Task
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import JsonObject
from tfrl.harness.store.run_store import RunStore
from tfrl.runtime import tf_setup

_SECONDS_TO_END = 10.0
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Message = worker.Ready | worker.Step | worker.Stored | worker.StoreFailed  # what a worker says


class WorkerDied(RuntimeError):
    """A worker process ended by itself; the message says how."""


class Process:
    """A worker process as its parent sees it."""

    def __init__(self, engine: Engine, store: RunStore, invocation: JsonObject) -> None:
        context = multiprocessing.get_context("spawn")
        self.waitable, theirs = context.Pipe()
        arguments = (theirs, engine, store, invocation)
        self._process = context.Process(target=worker.main, args=arguments, daemon=True)
        with _inheritance():
            self._process.start()
        theirs.close()  # so that reading ends when the worker does

    @property
    def machine(self) -> JsonObject:
        """What it runs on."""
        return run_context.machine()

    def begin(self, task: Task) -> None:
        """Hand over a task. Raises `WorkerDied`."""
        try:
            self.waitable.send(task)
        except ConnectionError:
            raise self._died() from None

    def receive(self) -> Message:
        """What it says next, as soon as it does. Raises `WorkerDied`."""
        try:
            return self.waitable.recv()
        except (EOFError, OSError):
            raise self._died() from None

    def end(self) -> None:
        """End the process, which has nothing left to do or nobody left to do it for."""
        self._process.terminate()
        self.waitable.close()
        self._process.join(_SECONDS_TO_END)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()

    def _died(self) -> WorkerDied:
        self._process.join(_SECONDS_TO_END)
        return WorkerDied(f"the worker process {_describe_exit(self._process.exitcode)}")


class LocalBackend:
    """Where `executor.execute` has its workers if it is told of no other place."""

    def capacity(self) -> int:
        """How many processors this process may use."""
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def start(self, engine: Engine, store: RunStore, invocation: JsonObject) -> Process:
        """A new process, which stores the runs that it makes in the ledger by itself."""
        return Process(engine, store, invocation)

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Those of the processes' waitables that have something to be received."""
        return connection.wait(waitables, seconds)


@contextmanager
def _inheritance() -> Iterator[None]:
    """What a process started meanwhile inherits: the environment of runs, and deaf to Ctrl-C.

    Ctrl-C reaches every process of a terminal; the parent alone decides what it means. It is held
    back here, not ignored: one that comes meanwhile reaches the parent afterwards.
    """
    wanted = {**tf_setup.ENVIRONMENT, **dict.fromkeys(_THREADS, "1")}
    before = {name: os.environ.get(name) for name in wanted}
    resource_tracker.ensure_running()  # which would lift the mask when it starts
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    _set(wanted)
    try:
        with _interrupts_held():
            yield
    finally:
        _set(before)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C comes afterwards even if another thread, which no mask covers, receives the signal.

    A process that starts is otherwise left without what its parent was about to send it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if held:
            signal.raise_signal(signal.SIGINT)


def _set(variables: Mapping[str, str | None]) -> None:
    """Sets these variables of the environment; None removes one."""
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
    hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"
