"""Assigns runs to workers, and estimates the time left.

A worker compiles one trainer, which trains all runs of one group (`study.Group`). So runs of a
group stay together, and each worker gets a group of its own. A second worker joins a group only if
that saves more time than its start and its compilation take.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from tfrl.harness.execution.plan import Task
from tfrl.harness.studies.study import Group


@dataclass(frozen=True)
class Running:
    """A run in progress."""

    group: Group
    seconds: float  # of training, without compilation
    fraction: float  # of its environment steps, completed in that time
    compiling: bool = False  # training has not started


class Schedule:
    """The runs that have not started, and the durations of earlier ones."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._pending: dict[Group, deque[Task]] = {}
        for task in tasks:
            self._pending.setdefault(task.run.group, deque()).append(task)
        self._seconds: dict[Group, list[float]] = {group: [] for group in self._pending}
        self._compilations: list[float] = []
        self._starts: list[float] = []

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def next(self, compiled: Group | None, others: Sequence[Running]) -> Task | None:
        """Returns a run for an idle worker, whose trainer is that of the group `compiled`.

        `others` are the runs in progress. None if no run is left, or if the workers of its group
        would finish it sooner.
        """
        if compiled and self._pending.get(compiled):
            return self._pending[compiled].popleft()
        work = self._work(others)
        active = {running.group for running in others}
        candidates = [group for group in work if group not in active] or [
            group for group in work if self._worth_joining(group, others, compiled is None)
        ]
        if not candidates:
            return None
        return self._pending[max(candidates, key=work.__getitem__)].popleft()

    def put_back(self, task: Task) -> None:
        """Puts a run back, as the next of its group."""
        self._pending[task.run.group].appendleft(task)

    def record(self, group: Group, compiling: float, seconds: float) -> None:
        """Records the duration of a finished run, `compiling` seconds of it compilation."""
        self._seconds[group].append(seconds - compiling)
        if compiling:
            self._compilations.append(compiling)

    def record_start(self, seconds: float) -> None:
        """Records how long a worker took to start."""
        self._starts.append(seconds)

    def seconds_left(self, running: Sequence[Running], workers: int) -> float | None:
        """Estimates the time until all runs have finished; None without any measurement."""
        pace = self._pace(running)
        if not pace:
            return None
        active = {item.group for item in running}
        work = self._work(running)
        to_compile = sum(group not in active for group in work)
        rest = [
            pace[item.group] * (1 - item.fraction) + item.compiling * self._compilation()
            for item in running
        ]
        before = self._start() + self._compilation()
        total = sum(work.values()) + to_compile * before + sum(rest)
        return max([total / workers, *rest])

    def _pace(self, running: Sequence[Running]) -> dict[Group, float]:
        """Returns the seconds per run of each group; empty without any measurement.

        Measured on the finished runs of the group, else on its runs in progress. Otherwise the mean
        over the groups with the same configuration, or over all groups.
        """
        measured = {}
        for group, seconds in self._seconds.items():
            in_progress = [
                item.seconds / item.fraction
                for item in running
                if item.group == group and item.fraction > 0
            ]
            if seconds or in_progress:
                measured[group] = fmean(seconds or in_progress)
        if not measured:
            return {}
        by_configuration: dict[str, list[float]] = {}
        for group, pace in measured.items():
            by_configuration.setdefault(group.configuration, []).append(pace)
        return {
            group: measured.get(group)
            or fmean(by_configuration.get(group.configuration) or measured.values())
            for group in self._seconds
        }

    def _work(self, running: Sequence[Running]) -> dict[Group, float]:
        """Returns the seconds of training left in each group, without runs in progress."""
        pace = self._pace(running)
        return {
            group: len(tasks) * pace.get(group, 1.0)
            for group, tasks in self._pending.items()
            if tasks
        }

    def _compilation(self) -> float:
        """Returns the mean duration of a compilation, in seconds."""
        return fmean(self._compilations) if self._compilations else 0.0

    def _start(self) -> float:
        """Returns the mean time that a worker takes to start, in seconds."""
        return fmean(self._starts) if self._starts else 0.0

    def _worth_joining(self, group: Group, others: Sequence[Running], is_fresh: bool) -> bool:
        """Returns whether one more worker would finish a run before the others finish the group.

        A worker that is not fresh has compiled another group, and must be restarted first.
        """
        if not self._seconds[group]:
            return True
        seconds = fmean(self._seconds[group])
        members = [item for item in others if item.group == group]
        rest = sum(seconds * (1 - item.fraction) for item in members)
        without = (rest + seconds * len(self._pending[group])) / len(members)
        before = self._compilation() + (0.0 if is_fresh else self._start())
        return before + seconds < without
