"""Interfaces between the executor and a backend: this machine, or a Ray cluster."""

from collections.abc import Sequence
from typing import Any, Protocol

from tfrl.harness.engine import Engine
from tfrl.harness.execution.plan import Task
from tfrl.harness.execution.worker import Message
from tfrl.harness.store.manifest import JsonObject
from tfrl.harness.store.run_store import RunStore


class WorkerDied(RuntimeError):
    """A worker process ended unexpectedly; the message says how."""


class WorkerProcess(Protocol):
    """A worker process, local or remote."""

    @property
    def machine(self) -> JsonObject:
        """Description of its machine, from `run_context.machine`; available once it is ready."""

    @property
    def waitable(self) -> Any:
        """An object for `WorkerBackend.wait`, ready when there is a message to receive."""

    def send(self, task: Task) -> None:
        """Sends a task to the process. Raises `WorkerDied`."""

    def receive(self) -> Message:
        """Returns the next message of the process; blocks until there is one.

        Raises `WorkerDied`.
        """

    def stop(self) -> None:
        """Stops the process, even in the middle of a run."""


class WorkerBackend(Protocol):
    """Starts worker processes."""

    def capacity(self) -> int:
        """Returns the number of processes that can run at once."""

    def start(self, engine: Engine, store: RunStore, invocation: JsonObject) -> WorkerProcess:
        """Starts a process, whose runs are stored in `store`."""

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Returns the waitables that are ready; blocks until one is, at most `seconds`."""
