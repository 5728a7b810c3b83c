"""Trains the runs of a study on several worker processes at once."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tfrl.harness.engine import Engine
from tfrl.harness.errors import StoreError
from tfrl.harness.execution import plan, worker
from tfrl.harness.execution.backends import WorkerBackend, WorkerDied, WorkerProcess
from tfrl.harness.execution.local_backend import LocalBackend
from tfrl.harness.execution.plan import Task
from tfrl.harness.execution.progress import Progress, Status, duration
from tfrl.harness.execution.schedule import Running, Schedule
from tfrl.harness.provenance import run_context
from tfrl.harness.store import manifest
from tfrl.harness.store.manifest import JsonObject
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies.study import Group, Run
from tfrl.runtime import compile_cache

_POLL_SECONDS = 0.5
_MAX_ATTEMPTS = 3  # at a run whose workers die, and at starting a worker


class TimeLimitExceeded(RuntimeError):
    """A run exceeded the time limit."""


def execute(
    store: RunStore,
    tasks: Sequence[Task],
    engine: Engine,
    jobs: int | None,
    progress: Progress,
    backend: WorkerBackend | None = None,
    time_limit: float = math.inf,
) -> None:
    """Trains and stores the runs of `tasks`, in parallel on `jobs` processes of one thread.

    A run that fails is stored as failed. So is a run that takes longer than `time_limit` seconds,
    and one whose worker died at each of three attempts. `KeyboardInterrupt` stops the workers;
    finished runs stay stored. Call this with the store locked.

    Args:
      jobs: by default, the capacity of the backend.
      backend: by default, this machine.

    Raises:
      StoreError: if a run cannot be stored, no worker can start, or `TFRL_CACHE` is not usable.
    """
    if not tasks:
        return
    try:
        compile_cache.usable_folder()
    except compile_cache.CacheError as error:
        raise StoreError(str(error)) from None
    backend = backend or LocalBackend()
    jobs = min(jobs or backend.capacity(), len(tasks))
    with _Executor(store, tasks, engine, jobs, progress, backend, time_limit) as executor:
        executor.run()


@dataclass
class _Attempt:
    """An attempt of a worker at a task."""

    task: Task
    compiling: bool  # until the first step is reported
    started: float = field(default_factory=time.monotonic)
    first: tuple[float, int] | None = None  # time and step of the first report
    step: int = 0

    def seconds(self) -> float:
        """Returns the seconds since the start."""
        return time.monotonic() - self.started

    def record_step(self, step: int) -> None:
        """Records the number of environment steps so far."""
        self.compiling = False
        self.first = self.first or (time.monotonic(), step)
        self.step = step

    def fraction(self, since: int = 0) -> float:
        """Returns the steps since the step `since`, as a fraction of all environment steps."""
        return min((self.step - since) / self.task.identity["steps"], 1.0)

    def running(self) -> Running:
        """Returns the state of the run for the schedule."""
        now = time.monotonic()
        start, step = self.first or (now, 0)
        return Running(self.task.run.group, now - start, self.fraction(step), self.compiling)


@dataclass(eq=False)
class _Worker:
    """A worker process and its current attempt."""

    process: WorkerProcess
    ready: bool = False
    attempt: _Attempt | None = None
    compiled: Group | None = None
    started: float = field(default_factory=time.monotonic)

    def needs_restart(self, task: Task) -> bool:
        """Returns whether the task needs a new process, since this one compiled another group.

        TensorFlow numbers what it builds, so the compile cache only works if numbers start at 0.
        A new process also frees the memory of the old trainer.
        """
        return self.compiled not in (None, task.run.group)

    def send(self, task: Task) -> None:
        """Sends a task to the process. Raises `WorkerDied`."""
        self.process.send(task)
        compiling = task.run.group != self.compiled
        self.attempt = _Attempt(task, compiling)
        self.compiled = task.run.group


class _Executor:
    """The workers, the schedule, and the counts of finished and failed runs."""

    def __init__(
        self,
        store: RunStore,
        tasks: Sequence[Task],
        engine: Engine,
        jobs: int,
        progress: Progress,
        backend: WorkerBackend,
        time_limit: float,
    ) -> None:
        self._store = store
        self._engine = engine
        self._schedule = Schedule(tasks)
        self._total = len(tasks)
        self._progress = progress
        self._invocation = run_context.of_invocation(store.folder, plan.sources(tasks, engine))
        self._jobs = jobs
        self._backend = backend
        self._time_limit = time_limit
        self._workers: list[_Worker] = []
        self._finished = 0
        self._failed = 0
        self._failed_starts = 0  # since the last successful one
        self._errors: set[tuple[Group, str]] = set()  # already printed

    def __enter__(self) -> "_Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.clear()
        # On a cluster, workers that wait for a processor stop first, or they would get a free one.
        for item in sorted(self._workers, key=lambda item: item.ready):
            item.process.stop()

    def run(self) -> None:
        """Trains all runs."""
        while self._schedule or self._attempts():
            self._assign()
            self._start_workers()  # also replaces those that `_assign` stopped
            self._progress.show(self._status())
            waitables = [item.process.waitable for item in self._workers]
            ready = self._backend.wait(waitables, _POLL_SECONDS)
            for item in [item for item in self._workers if item.process.waitable in ready]:
                self._receive(item)
            self._enforce_time_limit()

    def _attempts(self) -> list[_Attempt]:
        return [item.attempt for item in self._workers if item.attempt]

    def _start_workers(self) -> None:
        """Starts workers: one per unfinished run, at most `jobs`."""
        count = min(self._jobs, len(self._schedule) + len(self._attempts()))
        while len(self._workers) < count:
            process = self._backend.start(self._engine, self._store, self._invocation)
            self._workers.append(_Worker(process))

    def _assign(self) -> None:
        """Sends tasks to idle workers."""
        for idle in [item for item in self._workers if item.ready and not item.attempt]:
            running = [attempt.running() for attempt in self._attempts()]
            task = self._schedule.next(idle.compiled, running)
            if task and idle.needs_restart(task):
                self._schedule.put_back(task)
                self._workers.remove(idle)
                idle.process.stop()
            elif task:
                try:
                    idle.send(task)
                except WorkerDied as error:  # while idle: this is no attempt at the run
                    self._schedule.put_back(task)
                    self._remove_worker(idle, error)

    def _receive(self, sender: _Worker) -> None:
        """Handles the next message of a worker, or its death."""
        try:
            message = sender.process.receive()
        except WorkerDied as error:
            self._remove_worker(sender, error)
            return
        match message:
            case worker.Ready():
                sender.ready = True
                self._schedule.record_start(time.monotonic() - sender.started)
                self._failed_starts = 0
            case worker.Step(step) if sender.attempt:
                sender.attempt.record_step(step)
            case worker.StoreFailed(reason):
                raise StoreError(reason)
            case worker.Stored(failure, compiling, seconds) if sender.attempt:
                run, sender.attempt = sender.attempt.task.run, None
                if failure is None:
                    self._finished += 1
                    self._schedule.record(run.group, compiling, seconds)
                else:
                    self._count_failure(run, failure)

    def _remove_worker(self, dead: _Worker, error: WorkerDied) -> None:
        """Removes a worker that died, and retries its run or stores it as failed.

        Raises `StoreError` after too many failed starts.
        """
        self._workers.remove(dead)
        dead.process.stop()
        if not dead.ready:
            self._failed_starts += 1
            if self._failed_starts >= max(_MAX_ATTEMPTS, self._jobs):
                raise StoreError(f"no worker process could start: {error}")
        if dead.attempt:
            self._retry_or_fail(dead.attempt, error, dead.process.machine)

    def _retry_or_fail(self, attempt: _Attempt, error: WorkerDied, machine: JsonObject) -> None:
        """Schedules a run again whose worker died, or stores it as failed after three attempts."""
        if self._was_stored(attempt.task):
            self._finished += 1
            return
        attempts = (*attempt.task.attempts, manifest.attempt(str(error)))
        task = replace(attempt.task, attempts=attempts)
        if len(attempts) < _MAX_ATTEMPTS:
            self._schedule.put_back(task)
            count = f"attempt {len(attempts)} of {_MAX_ATTEMPTS}"
            self._progress.print(f"retrying: {task.run}: {error} ({count})")
            return
        self._store_failure(replace(attempt, task=task), error, machine)

    def _enforce_time_limit(self) -> None:
        """Stops workers whose runs exceed the time limit, and stores these runs as failed."""
        for item in list(self._workers):
            attempt = item.attempt
            if attempt and attempt.seconds() > self._time_limit:
                self._workers.remove(item)
                item.process.stop()
                if self._was_stored(attempt.task):
                    self._finished += 1
                    continue
                limit = duration(self._time_limit)
                error = TimeLimitExceeded(f"the run took longer than {limit}")
                self._store_failure(attempt, error, item.process.machine)

    def _was_stored(self, task: Task) -> bool:
        """Returns whether a worker stored its run before it ended, without reporting that."""
        entry = self._store.entry(task.run)
        return entry.status == "finished" and not manifest.differences(
            entry.manifest, task.identity
        )

    def _store_failure(self, attempt: _Attempt, error: Exception, machine: JsonObject) -> None:
        """Stores a run as failed that its worker could not store."""
        task, seconds = attempt.task, attempt.seconds()
        provenance, outcome = {**self._invocation, **machine}, manifest.failed(error)
        record = manifest.complete(task.identity, provenance, outcome, seconds, task.attempts)
        self._store.publish(task.run, record, {})
        self._count_failure(task.run, manifest.sentence(outcome["error"]))

    def _count_failure(self, run: Run, error: str) -> None:
        """Counts a failed run, and prints its error once per group."""
        self._failed += 1
        if (run.group, error) not in self._errors:
            self._errors.add((run.group, error))
            self._progress.print(f"failed: {run}: {error}")

    def _status(self) -> Status:
        attempts = self._attempts()
        running = [attempt.running() for attempt in attempts]
        return Status(
            total=self._total,
            finished=self._finished,
            failed=self._failed,
            running=[
                (attempt.task.run, None if attempt.compiling else attempt.fraction())
                for attempt in attempts
            ],
            seconds_left=self._schedule.seconds_left(running, max(len(self._workers), 1)),
        )
