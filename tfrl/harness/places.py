"""What the executor asks of a place where worker processes are: this machine, or a cluster."""

from collections.abc import Sequence
from typing import Any, Protocol

from tfrl.harness.engine import Engine
from tfrl.harness.ledger import Ledger
from tfrl.harness.manifest import Part
from tfrl.harness.plan import Task
from tfrl.harness.processes import Message


class Process(Protocol):
    """A worker process, wherever it is."""

    @property
    def machine(self) -> Part:
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


class Place(Protocol):
    """Where there are worker processes."""

    def capacity(self) -> int:
        """How many it has room for."""

    def start(self, engine: Engine, ledger: Ledger, invocation: Part) -> Process:
        """A new process, the runs of which are stored in the ledger."""

    def wait(self, waitables: Sequence[Any], seconds: float) -> Sequence[Any]:
        """Those of the waitables that have something to receive, as soon as any has."""
