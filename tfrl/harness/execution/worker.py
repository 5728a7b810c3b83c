"""A worker process: trains and stores the runs it receives, and reports the outcome of each."""

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
    """The worker has started."""


@dataclass(frozen=True)
class Step:
    """Number of environment steps of the current run so far."""

    step: int


@dataclass(frozen=True)
class Stored:
    """The run is stored."""

    error: str | None  # None if it finished
    compiling: float  # seconds
    seconds: float  # in total, with compilation


@dataclass(frozen=True)
class StoreFailed:
    """The run has ended but cannot be stored."""

    reason: str


Message = Ready | Step | Stored | StoreFailed


class CodeChanged(RuntimeError):
    """The code has changed since the runs were planned."""


def main(connection: Connection, engine: Engine, store: RunStore, invocation: JsonObject) -> None:
    """Trains runs until the other end of `connection` closes.

    Sends `Ready`. Then receives one `Task` at a time, and for each sends any number of `Step` and
    one `Stored` or `StoreFailed`.
    """
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    engine.configure()
    worker = _Worker(connection, engine, store, invocation)
    try:
        connection.send(Ready())
        while True:
            connection.send(worker.run(connection.recv()))
    except (EOFError, ConnectionError):
        pass


class _Worker:
    """Trains runs, and keeps the trainer of the latest group, since compiling one takes seconds."""

    def __init__(
        self, connection: Connection, engine: Engine, store: RunStore, invocation: JsonObject
    ) -> None:
        self._connection = connection
        self._engine = engine
        self._store = store
        self._invocation = invocation  # see `run_context.of_invocation`
        self._compiled: tuple[Group, Trainer] | None = None
        self._build_error: tuple[Group, Exception] | None = None  # of a group that cannot be built

    def run(self, task: Task) -> Stored | StoreFailed:
        """Trains one run, and stores it whether it finishes or fails."""
        start, run = time.perf_counter(), task.run
        trained: Mapping[str, np.ndarray] = {}
        checkpoint = Checkpoint(self._store.checkpoint(run), task.identity)
        try:
            result = self._trainer_for(task).run(
                run.seed, run.environment.level_config, self._step_callback(), checkpoint
            )
            results = {
                name: tables.from_columns(getattr(result, name), schema)
                for name, schema in tables.SCHEMAS.items()
            }
            trained = result.policies
            outcome = manifest.finished(result, tables.fingerprint(results, result.weights_sha256))
        except StoreError as error:  # raised by the checkpoint: the run could not be stored either
            return StoreFailed(str(error))
        except (Exception, SystemExit) as error:
            results, outcome = {}, manifest.failed(error)
        seconds = checkpoint.seconds_before + time.perf_counter() - start

        long_sums = self._compiled[1].long_sums if self._compiled else ()
        provenance = {**self._invocation, **run_context.of_process(), "long_sums": list(long_sums)}
        record = manifest.complete(task.identity, provenance, outcome, seconds, task.attempts)
        try:
            with _sigterm_ignored():
                self._store.publish(run, record, results, trained)
                checkpoint.remove()
        except StoreError as error:
            return StoreFailed(str(error))
        message = outcome["error"] and manifest.sentence(outcome["error"])
        return Stored(message, record["timings"].get("compile", 0.0), seconds)

    def _trainer_for(self, task: Task) -> Trainer:
        """Returns the trainer for a task; compiles it unless the last task had the same group."""
        if self._compiled is None or self._compiled[0] != task.run.group:
            self._compiled = None  # frees its memory first
            self._check_code(task)
            if self._build_error and self._build_error[0] == task.run.group:
                raise self._build_error[1]
            try:
                trainer = self._engine.trainer(self._store.study, task.run, task.hyperparameters)
            except Exception as error:
                if type(error).__name__ not in RETRYABLE_ERRORS:
                    self._build_error = task.run.group, error  # the same for every seed
                raise
            self._compiled = task.run.group, trainer
        return self._compiled[1]

    def _check_code(self, task: Task) -> None:
        """Raises `CodeChanged` if the code differs from the code the run was planned with."""
        environment = task.run.environment
        sources = self._engine.sources(task.run.configuration.pipeline, environment.id)
        if run_context.code_sha256(sources) != task.identity["code"]:
            raise CodeChanged("the code was changed after `tfrl run` started")

    def _step_callback(self) -> Callable[[int], None]:
        """Returns a function that sends a `Step`, at most once in `_SECONDS_BETWEEN_STEPS`."""
        last = 0.0

        def send_step(step: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _SECONDS_BETWEEN_STEPS:
                last = now
                with suppress(ConnectionError):  # the parent has gone; the run has not failed
                    self._connection.send(Step(int(step)))

        return send_step


@contextmanager
def _sigterm_ignored() -> Iterator[None]:
    """Ignores SIGTERM, so that storing a run, which is short, is not interrupted."""
    previous = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _exit_with_parent() -> None:
    """Exits this process when its parent has ended for any reason."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
