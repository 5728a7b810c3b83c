"""What the executor asks of a place where worker processes are: this machine, or a cluster."""

from collections.abc import Sequence
from typing import Any, Protocol

from tfrl.harness.engine import Engine
from tfrl.harness.execution.local_backend import Message
from tfrl.harness.execution.plan import Task
from tfrl.harness.store.manifest import JsonObject
from tfrl.harness.store.run_store import RunStore


class Process(Protocol):
    """A worker process, wherever it is."""

    @property
    def machine(self) -> JsonObject:
        """What it runs on, as `provenance.machine` has it; known once it is ready."""

    @property
    def waitable(self) -> Any:
        """What its place can wait for until there is something to receive."""

    def begin(self, task: Task) -> None:
        """Hand over a task. Raises `WorkerDied`."""

    def receive(self) -> Message:
        """What it says next, as soon as it does. Raises `WorkerDied`."""

    def end(self) -> None:
        """End it, whatever it is at."""


class WorkerBackend(Protocol):
    """Where there are worker processes."""

    def capacity(self) -> int:
        """How many it has room for."""

    def start(self, engine: Engine, store: RunStore, invocation: JsonObject) -> Process:
        """A new process, the runs of which are stored in the ledger."""

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Those of the waitables that have something to receive, as soon as any has."""
