"""Which run comes next, and how long the rest will take.

A worker compiles one trainer and then makes every run that it serves, so the runs of one group
(`study.Group`) stay together, and another group is for another worker. A second worker joins a
group only if the time it saves exceeds what its start and its compilation cost.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from tfrl.harness.execution.plan import Task
from tfrl.harness.studies.study import Group


@dataclass(frozen=True)
class Running:
    """A run at work, as far as the schedule is concerned."""

    group: Group
    seconds: float  # since it began to train; its compilation not included
    fraction: float  # of its environment steps, made in that time
    compiling: bool = False  # it has not begun to train


class Schedule:
    """The runs not yet begun, and what those before them took."""

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
        """The run for an idle worker that has compiled `compiled` while `others` are at work.

        None if there is none, or if it would be done sooner by those at work on its group.
        """
        if compiled and self._pending.get(compiled):
            return self._pending[compiled].popleft()
        work = self._work(others)
        held = {running.group for running in others}
        choice = [group for group in work if group not in held] or [
            group for group in work if self._worth_joining(group, others, compiled is None)
        ]
        return self._pending[max(choice, key=work.__getitem__)].popleft() if choice else None

    def put_back(self, task: Task) -> None:
        """Return a run that could not be begun."""
        self._pending[task.run.group].appendleft(task)

    def record(self, group: Group, compiling: float, seconds: float) -> None:
        """Learn from a finished run: what it took, and how much of that was compilation."""
        self._seconds[group].append(seconds - compiling)
        if compiling:
            self._compilations.append(compiling)

    def record_start(self, seconds: float) -> None:
        """Learn from a worker that is ready: how long that took since it was started."""
        self._starts.append(seconds)

    def seconds_left(self, running: Sequence[Running], workers: int) -> float | None:
        """An estimate of the time until all is done; None if nothing is known yet."""
        pace = self._pace(running)
        if not pace:
            return None
        held = {item.group for item in running}
        work = self._work(running)
        to_compile = sum(group not in held for group in work)
        rest = [
            pace[item.group] * (1 - item.fraction) + item.compiling * self._compilation()
            for item in running
        ]
        before = self._start() + self._compilation()
        total = sum(work.values()) + to_compile * before + sum(rest)
        return max([total / workers, *rest])

    def _pace(self, running: Sequence[Running]) -> dict[Group, float]:
        """Seconds that a run of each group takes; empty if nothing is known of any.

        Known from the runs that finished, else from those at work; else as the mean of the same
        configuration elsewhere, or of all.
        """
        known = {}
        for group, seconds in self._seconds.items():
            at_work = [
                item.seconds / item.fraction
                for item in running
                if item.group == group and item.fraction > 0
            ]
            if seconds or at_work:
                known[group] = fmean(seconds or at_work)
        if not known:
            return {}
        alike: dict[str, list[float]] = {}
        for group, pace in known.items():
            alike.setdefault(group.configuration, []).append(pace)
        return {
            group: known.get(group) or fmean(alike.get(group.configuration) or known.values())
            for group in self._seconds
        }

    def _work(self, running: Sequence[Running]) -> dict[Group, float]:
        """Seconds of work not yet begun in each group that has some."""
        pace = self._pace(running)
        return {
            group: len(tasks) * pace.get(group, 1.0)
            for group, tasks in self._pending.items()
            if tasks
        }

    def _compilation(self) -> float:
        """Seconds that a compilation takes: the mean of those made."""
        return fmean(self._compilations) if self._compilations else 0.0

    def _start(self) -> float:
        """Seconds until a worker that is started is ready: the mean of those that are."""
        return fmean(self._starts) if self._starts else 0.0

    def _worth_joining(self, group: Group, others: Sequence[Running], is_fresh: bool) -> bool:
        """Whether one more worker would end a run before those at work had ended the group.

        One that has compiled another group would have to be started first.
        """
        if not self._seconds[group]:
            return True
        seconds = fmean(self._seconds[group])
        holders = [item for item in others if item.group == group]
        rest = sum(seconds * (1 - item.fraction) for item in holders)
        alone = (rest + seconds * len(self._pending[group])) / len(holders)
        before = self._compilation() + (0.0 if is_fresh else self._start())
        return before + seconds < alone
