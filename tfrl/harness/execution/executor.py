"""Makes the runs of a study on several worker processes at once."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tfrl.harness.engine import Engine
from tfrl.harness.errors import StoreError
from tfrl.harness.execution import plan, worker
from tfrl.harness.execution.backends import Process, WorkerBackend
from tfrl.harness.execution.local_backend import LocalBackend, WorkerDied
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
_MOST_ATTEMPTS = 3  # at a run whose workers die, and at starting a worker


class TimeLimitExceeded(RuntimeError):
    """A run took longer than it may."""


def execute(
    store: RunStore,
    tasks: Sequence[Task],
    engine: Engine,
    jobs: int | None,
    progress: Progress,
    place: WorkerBackend | None = None,
    limit: float = math.inf,
) -> None:
    """Make and store the runs of `tasks`, each in one of `jobs` processes of one thread.

    The processes are those of `place`, by default this machine; without `jobs`, as many as it has
    room for. To be called from the main thread, with the ledger locked.

    A run that fails is stored as failed, and so is one that takes longer than `limit` seconds, or
    whose worker has died at each of three attempts; the others go on. Interrupted
    (`KeyboardInterrupt`), it ends the workers; what they had finished is stored. Raises
    `StoreError` if a run cannot be stored, or no worker be started.
    """
    if tasks:
        _check_cache()
        place = place or LocalBackend()
        jobs = min(jobs or place.capacity(), len(tasks))
        with _Executor(store, tasks, engine, jobs, progress, place, limit) as executor:
            executor.run()


def _check_cache() -> None:
    """Raises `StoreError` if `TFRL_CACHE` names no folder that can be used."""
    try:
        compile_cache.usable_folder()
    except compile_cache.CacheError as error:
        raise StoreError(str(error)) from None


@dataclass
class _Attempt:
    """A task in the hands of a worker."""

    task: Task
    compiling: bool  # until its first step is reported
    begun: float = field(default_factory=time.monotonic)
    first: tuple[float, int] | None = None  # when a step was first reported, and which
    step: int = 0

    def seconds(self) -> float:
        """For how long the worker has been at it."""
        return time.monotonic() - self.begun

    def reached(self, step: int) -> None:
        """Note that the run has made this many environment steps."""
        self.compiling = False
        self.first = self.first or (time.monotonic(), step)
        self.step = step

    def fraction(self, since: int = 0) -> float:
        """The share of the run's environment steps that it has made since that step."""
        return min((self.step - since) / self.task.identity["steps"], 1.0)

    def running(self) -> Running:
        """The run as the schedule sees it."""
        now = time.monotonic()
        start, step = self.first or (now, 0)
        return Running(self.task.run.group, now - start, self.fraction(step), self.compiling)


@dataclass(eq=False)
class _Worker:
    """A worker, and what it is at."""

    process: Process
    ready: bool = False
    attempt: _Attempt | None = None
    compiled: Group | None = None
    started: float = field(default_factory=time.monotonic)

    def needs_restart(self, task: Task) -> bool:
        """Whether a new process should take this task.

        TensorFlow numbers what it builds: a process that numbers from the start has compiled code
        in the cache, and what it compiled leaves the memory with it.
        """
        return self.compiled not in (None, task.run.group)

    def begin(self, task: Task) -> None:
        """Hand over a task. Raises `WorkerDied`."""
        self.process.begin(task)
        compiling = task.run.group != self.compiled
        self.attempt = _Attempt(task, compiling)
        self.compiled = task.run.group


class _Executor:
    """The workers, and what came of the tasks so far."""

    def __init__(
        self,
        store: RunStore,
        tasks: Sequence[Task],
        engine: Engine,
        jobs: int,
        progress: Progress,
        place: WorkerBackend,
        limit: float,
    ) -> None:
        self._store = store
        self._engine = engine
        self._schedule = Schedule(tasks)
        self._total = len(tasks)
        self._progress = progress
        self._invocation = run_context.of_invocation(store.folder, plan.sources(tasks, engine))
        self._jobs = jobs
        self._place = place
        self._limit = limit
        self._workers: list[_Worker] = []
        self._finished = 0
        self._failed = 0
        self._failed_starts = 0  # since a worker last started
        self._errors: set[tuple[Group, str]] = set()  # those that were shown

    def __enter__(self) -> "_Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.clear()
        # Those first that wait for a processor: the others leave theirs.
        for item in sorted(self._workers, key=lambda item: item.ready):
            item.process.end()

    def run(self) -> None:
        """Make all runs."""
        while self._schedule or self._busy():
            self._assign()
            self._start_workers()  # also in place of those that were worn
            self._progress.show(self._status())
            waitables = [item.process.waitable for item in self._workers]
            heard = self._place.wait(waitables, _POLL_SECONDS)
            for sender in [item for item in self._workers if item.process.waitable in heard]:
                self._receive(sender)
            self._end_overdue()

    def _busy(self) -> list[_Attempt]:
        return [item.attempt for item in self._workers if item.attempt]

    def _start_workers(self) -> None:
        """Start workers until there are as many as allowed, or as can find work."""
        wanted = min(self._jobs, len(self._schedule) + len(self._busy()))
        while len(self._workers) < wanted:
            process = self._place.start(self._engine, self._store, self._invocation)
            self._workers.append(_Worker(process))

    def _assign(self) -> None:
        """Hand tasks to workers that have none."""
        for idle in [item for item in self._workers if item.ready and not item.attempt]:
            others = [attempt.running() for attempt in self._busy()]
            task = self._schedule.next(idle.compiled, others)
            if task and idle.needs_restart(task):
                self._schedule.put_back(task)
                self._workers.remove(idle)
                idle.process.end()
            elif task:
                try:
                    idle.begin(task)
                except WorkerDied as died:  # while it was idle, so this run is not to blame
                    self._schedule.put_back(task)
                    self._remove_worker(idle, died)

    def _receive(self, sender: _Worker) -> None:
        """Take note of what a worker says, or of its end."""
        try:
            message = sender.process.receive()
        except WorkerDied as died:
            self._remove_worker(sender, died)
            return
        match message:
            case worker.Ready():
                sender.ready = True
                self._schedule.record_start(time.monotonic() - sender.started)
                self._failed_starts = 0
            case worker.Step(step) if sender.attempt:
                sender.attempt.reached(step)
            case worker.StoreFailed(reason):
                raise StoreError(reason)
            case worker.Stored(error, compiling, seconds) if sender.attempt:
                run, sender.attempt = sender.attempt.task.run, None
                if error is None:
                    self._finished += 1
                    self._schedule.record(run.group, compiling, seconds)
                else:
                    self._fail(run, error)

    def _remove_worker(self, dead: _Worker, died: WorkerDied) -> None:
        """Take leave of a worker that ended by itself, and of its attempt at a run."""
        self._workers.remove(dead)
        dead.process.end()
        if not dead.ready:
            self._failed_starts += 1
            if self._failed_starts >= max(_MOST_ATTEMPTS, self._jobs):
                raise StoreError(f"no worker process could start: {died}")
        if dead.attempt:
            self._retry_or_fail(dead.attempt, died, dead.process.machine)

    def _retry_or_fail(self, attempt: _Attempt, died: WorkerDied, machine: JsonObject) -> None:
        """Let a run be tried again whose worker died; after too many attempts it has failed."""
        if self._was_stored(attempt.task):
            self._finished += 1
            return
        attempts = (*attempt.task.attempts, manifest.attempt(str(died)))
        task = replace(attempt.task, attempts=attempts)
        if len(attempts) < _MOST_ATTEMPTS:
            self._schedule.put_back(task)
            count = f"attempt {len(attempts)} of at most {_MOST_ATTEMPTS}"
            self._progress.say(f"tried again: {task.run}: {died} ({count})")
            return
        self._give_up(replace(attempt, task=task), died, machine)

    def _end_overdue(self) -> None:
        """End the workers whose runs take longer than they may."""
        for late in [item for item in self._workers if item.attempt]:
            attempt = late.attempt
            if attempt and attempt.seconds() > self._limit:
                self._workers.remove(late)
                late.process.end()
                if self._was_stored(attempt.task):
                    self._finished += 1
                    continue
                error = TimeLimitExceeded(f"it took longer than {duration(self._limit)}")
                self._give_up(attempt, error, late.process.machine)

    def _was_stored(self, task: Task) -> bool:
        """Whether a worker had stored its run when it ended, though it could not say so."""
        entry = self._store.entry(task.run)
        return entry.status == "finished" and not manifest.differences(
            entry.manifest, task.identity
        )

    def _give_up(self, attempt: _Attempt, error: Exception, machine: JsonObject) -> None:
        """Store a run as failed that its worker could not store."""
        task, outcome = attempt.task, manifest.failed(error)
        made_by = {**self._invocation, **machine}
        record = manifest.complete(
            task.identity, made_by, outcome, attempt.seconds(), task.attempts
        )
        self._store.publish(task.run, record, {})
        self._fail(task.run, manifest.sentence(outcome["error"]))

    def _fail(self, run: Run, error: str) -> None:
        """Count a run that failed, and say how unless another of its group failed alike."""
        self._failed += 1
        if (run.group, error) not in self._errors:
            self._errors.add((run.group, error))
            self._progress.say(f"failed: {run}: {error}")

    def _status(self) -> Status:
        busy = self._busy()
        return Status(
            total=self._total,
            finished=self._finished,
            failed=self._failed,
            running=[
                (attempt.task.run, None if attempt.compiling else attempt.fraction())
                for attempt in busy
            ],
            seconds_left=self._schedule.seconds_left(
                [attempt.running() for attempt in busy], max(len(self._workers), 1)
            ),
        )
