"""Makes the runs of a study on several worker processes at once."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import connection

from tfrl.harness import manifest, plan, provenance, worker
from tfrl.harness.engine import Engine
from tfrl.harness.errors import LedgerError
from tfrl.harness.ledger import Ledger
from tfrl.harness.plan import Task
from tfrl.harness.progress import Progress, Status
from tfrl.harness.schedule import Running, Schedule
from tfrl.harness.study import Group, Run

_POLL_SECONDS = 0.5
_SECONDS_TO_END = 10.0
_MOST_ATTEMPTS = 3  # at a run whose workers die, and at starting a worker
_MOST_COMPILED = 6  # groups that one process compiles: what it compiled stays in its memory
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WorkerDied(RuntimeError):
    """A worker process ended while it made a run."""


def execute(
    ledger: Ledger, tasks: Sequence[Task], engine: Engine, jobs: int, progress: Progress
) -> None:
    """Make and store the runs of `tasks`, each in one of `jobs` processes of one thread.

    To be called from the main thread, with the ledger locked. A run that fails is stored as failed,
    and so is one whose worker has died at each of three attempts; the others go on. Interrupted
    (`KeyboardInterrupt`), it ends the workers; what they had finished is stored. Raises
    `LedgerError` if a run cannot be stored, or a worker not be started.
    """
    if tasks:
        with _Executor(ledger, tasks, engine, min(jobs, len(tasks)), progress) as executor:
            executor.run()


@dataclass
class _Attempt:
    """A task in the hands of a worker."""

    task: Task
    compiling: bool  # until its first step is reported
    begun: float = field(default_factory=time.monotonic)
    first: tuple[float, int] | None = None  # when a step was first reported, and which
    step: int = 0

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


class _Worker:
    """A worker process as its parent sees it."""

    def __init__(self, arguments: tuple[object, ...]) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=worker.main, args=(theirs, *arguments), daemon=True)
        with _inheritance():
            self.process.start()
        theirs.close()  # so that reading ends when the worker does
        self.ready = False
        self.attempt: _Attempt | None = None
        self.compiled: Group | None = None
        self.num_compiled = 0

    def is_worn(self, task: Task) -> bool:
        """Whether a new process should take this task."""
        return task.run.group != self.compiled and self.num_compiled >= _MOST_COMPILED

    def begin(self, task: Task) -> None:
        """Hand over a task. Raises `ConnectionError` if the process is gone."""
        self.connection.send(task)
        compiling = task.run.group != self.compiled
        self.attempt = _Attempt(task, compiling)
        self.compiled = task.run.group
        self.num_compiled += compiling

    def end(self) -> None:
        """End the process, which has nothing left to do or nobody left to do it for."""
        self.process.terminate()
        self.connection.close()
        self.process.join(_SECONDS_TO_END)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


class _Executor:
    """The workers, and what came of the tasks so far."""

    def __init__(
        self, ledger: Ledger, tasks: Sequence[Task], engine: Engine, jobs: int, progress: Progress
    ) -> None:
        self._ledger = ledger
        self._schedule = Schedule(tasks)
        self._total = len(tasks)
        self._progress = progress
        self._provenance = provenance.of_invocation(ledger.diffs, plan.sources(tasks, engine))
        self._arguments = (engine, ledger, self._provenance)
        self._jobs = jobs
        self._workers: list[_Worker] = []
        self._finished = 0
        self._failed = 0
        self._failed_starts = 0  # since a worker last started

    def __enter__(self) -> "_Executor":
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.clear()
        for item in self._workers:
            item.end()

    def run(self) -> None:
        """Make all runs."""
        while self._schedule or self._busy():
            self._staff()
            self._assign()
            self._progress.show(self._status())
            heard = connection.wait([item.connection for item in self._workers], _POLL_SECONDS)
            for sender in [item for item in self._workers if item.connection in heard]:
                self._receive(sender)

    def _busy(self) -> list[_Attempt]:
        return [item.attempt for item in self._workers if item.attempt]

    def _staff(self) -> None:
        """Start workers until there are as many as allowed, or as can find work."""
        wanted = min(self._jobs, len(self._schedule) + len(self._busy()))
        while len(self._workers) < wanted:
            self._workers.append(_Worker(self._arguments))

    def _assign(self) -> None:
        """Hand tasks to workers that have none."""
        for idle in [item for item in self._workers if item.ready and not item.attempt]:
            others = [attempt.running() for attempt in self._busy()]
            task = self._schedule.next(idle.compiled, others)
            if task and idle.is_worn(task):
                self._schedule.put_back(task)
                self._workers.remove(idle)
                idle.end()
            elif task:
                try:
                    idle.begin(task)
                except ConnectionError:  # it ended while it was idle, so this run is not to blame
                    self._schedule.put_back(task)
                    self._dismiss(idle)

    def _receive(self, sender: _Worker) -> None:
        """Take note of what a worker says, or of its end."""
        try:
            message = sender.connection.recv()
        except (EOFError, OSError):
            self._dismiss(sender)
            return
        match message:
            case worker.Ready():
                sender.ready = True
                self._failed_starts = 0
            case worker.Step(step) if sender.attempt:
                sender.attempt.reached(step)
            case worker.Unstored(reason):
                raise LedgerError(reason)
            case worker.Stored(error, compiling, seconds) if sender.attempt:
                run, sender.attempt = sender.attempt.task.run, None
                if error is None:
                    self._finished += 1
                    self._schedule.record(run.group, compiling, seconds)
                else:
                    self._fail(run, error)

    def _dismiss(self, dead: _Worker) -> None:
        """Take leave of a worker that ended by itself, and of its attempt at a run."""
        self._workers.remove(dead)
        dead.process.join(_SECONDS_TO_END)
        dead.end()
        how = _describe_exit(dead.process.exitcode)
        if not dead.ready:
            self._failed_starts += 1
            if self._failed_starts >= _MOST_ATTEMPTS:
                raise LedgerError(f"a worker process could not start: it {how}")
        if dead.attempt:
            self._lose(dead.attempt, f"the worker process {how}")

    def _lose(self, attempt: _Attempt, how: str) -> None:
        """Let a run be tried again whose worker died; after too many attempts it has failed."""
        attempts = (*attempt.task.attempts, manifest.attempt(how))
        task = replace(attempt.task, attempts=attempts)
        if len(attempts) < _MOST_ATTEMPTS:
            self._schedule.put_back(task)
            count = f"attempt {len(attempts)} of at most {_MOST_ATTEMPTS}"
            self._progress.say(f"tried again: {task.run}: {how} ({count})")
            return
        seconds = time.monotonic() - attempt.begun
        died = manifest.failed(WorkerDied(how))
        record = manifest.complete(task.identity, self._provenance, died, seconds, attempts)
        self._ledger.publish(task.run, record, {})
        self._fail(task.run, manifest.sentence(died["error"]))

    def _fail(self, run: Run, error: str) -> None:
        self._failed += 1
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


@contextmanager
def _inheritance() -> Iterator[None]:
    """What a process started meanwhile inherits: one thread for each library, and deaf to Ctrl-C.

    Ctrl-C reaches every process of a terminal; the parent alone decides what it means.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        signal.signal(signal.SIGINT, handler)


def _describe_exit(code: int | None) -> str:
    if code is None or code >= 0:
        return f"ended with exit status {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"
