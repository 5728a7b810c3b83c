"""A worker process: makes the runs it is given, stores them, and says how each went."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection

import numpy as np

from tfrl.harness.engine import Engine, Trainer
from tfrl.harness.errors import StoreError
from tfrl.harness.execution.plan import RETRYABLE_ERRORS, Task
from tfrl.harness.provenance import run_context
from tfrl.harness.store import manifest, tables
from tfrl.harness.store.checkpoints import Checkpoint
from tfrl.harness.store.manifest import JsonObject
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import Group

_SECONDS_BETWEEN_STEPS = 0.2


@dataclass(frozen=True)
class Ready:
    """The worker is set up."""


@dataclass(frozen=True)
class Step:
    """How many environment steps the run at work has made."""

    step: int


@dataclass(frozen=True)
class Stored:
    """The run is stored."""

    error: str | None  # None if it finished
    compiling: float  # seconds
    seconds: float  # in all


@dataclass(frozen=True)
class StoreFailed:
    """The run has ended but cannot be stored."""

    reason: str


class CodeChanged(RuntimeError):
    """The code is no longer what it was when the runs were planned."""


def main(connection: Connection, engine: Engine, store: RunStore, invocation: JsonObject) -> None:
    """Make one run after another until the other end of `connection` closes.

    Receives a `Task` at a time. Sends `Ready` first, then for each task some `Step` and one
    `Stored` or `StoreFailed`.
    """
    threading.Thread(target=_die_with_parent, daemon=True).start()
    engine.configure()
    worker = _Worker(connection, engine, store, invocation)
    try:
        connection.send(Ready())
        while True:
            connection.send(worker.make(connection.recv()))
    except (EOFError, ConnectionError):
        pass


class _Worker:
    """Keeps the trainer of the group it was last asked for, which is costly to compile."""

    def __init__(
        self, connection: Connection, engine: Engine, store: RunStore, invocation: JsonObject
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._store = store
        self._invocation = invocation  # see `run_context.of_invocation`
        self._compiled: tuple[Group, Trainer] | None = None
        self._broken: tuple[Group, Exception] | None = None  # which cannot be compiled, and why

    def make(self, task: Task) -> Stored | StoreFailed:
        """Make one run and store it, whether it finishes or fails."""
        start, run = time.perf_counter(), task.run
        trained: Mapping[str, np.ndarray] = {}
        checkpoint = Checkpoint(self._store.checkpoint(run), task.identity)
        try:
            result = self._trainer_for(task).run(
                run.seed, run.environment.level_config, self._reporter(), checkpoint
            )
            results = {
                name: tables.from_columns(getattr(result, name), schema)
                for name, schema in tables.SCHEMAS.items()
            }
            trained = result.policies
            outcome = manifest.finished(result, tables.fingerprint(results, result.weights_sha256))
        except StoreError as problem:  # its checkpoint cannot be stored, so neither could it
            return StoreFailed(str(problem))
        except (Exception, SystemExit) as raised:
            results, outcome = {}, manifest.failed(raised)
        seconds = checkpoint.seconds_before + time.perf_counter() - start

        long_sums = self._compiled[1].long_sums if self._compiled else ()
        made_by = {**self._invocation, **run_context.of_process(), "long_sums": list(long_sums)}
        record = manifest.complete(task.identity, made_by, outcome, seconds, task.attempts)
        try:
            with _undisturbed():
                self._store.publish(run, record, results, trained)
                checkpoint.remove()
        except StoreError as problem:
            return StoreFailed(str(problem))
        error = outcome["error"] and manifest.sentence(outcome["error"])
        return Stored(error, record["timings"].get("compile", 0.0), seconds)

    def _trainer_for(self, task: Task) -> Trainer:
        if self._compiled is None or self._compiled[0] != task.run.group:
            self._compiled = None  # its memory may be needed for the next
            self._check_code(task)
            if self._broken and self._broken[0] == task.run.group:
                raise self._broken[1]
            try:
                trainer = self._engine.trainer(self._store.study, task.run, task.hyperparameters)
            except Exception as error:
                if type(error).__name__ not in RETRYABLE_ERRORS:
                    self._broken = task.run.group, error  # it would fail alike with each seed
                raise
            self._compiled = task.run.group, trainer
        return self._compiled[1]

    def _check_code(self, task: Task) -> None:
        """Raises `CodeChanged` if what is about to be imported is not what the run is to be of."""
        environment = task.run.environment
        sources = self._engine.sources(task.run.configuration.pipeline, environment.id)
        if run_context.code_sha256(sources) != task.identity["code"]:
            raise CodeChanged("the code was changed after `tfrl run` had begun")

    def _reporter(self) -> Callable[[int], None]:
        """What a trainer calls with its number of steps; a few times a second that is passed on."""
        last = 0.0

        def report(step: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _SECONDS_BETWEEN_STEPS:
                last = now
                with suppress(ConnectionError):  # nobody listens any more: no fault of the run
                    self._connection.send(Step(int(step)))

        return report


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a request to end (SIGTERM) pass while a run is being stored: that takes no time."""
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _die_with_parent() -> None:
    """End this process when its parent is gone, however that ended: nobody would hear of it."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
