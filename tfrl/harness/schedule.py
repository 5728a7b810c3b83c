"""Which run comes next, and how long the rest will take.

A worker compiles a configuration once and then serves every seed of it, so runs of one group (one
configuration on one environment) stay together. A second worker joins a group only if the time it
saves exceeds the compilation it costs.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from tfrl.harness.plan import Task

Group = tuple[str, str]


@dataclass(frozen=True)
class Running:
    """A run at work, as far as the schedule is concerned."""

    group: Group
    seconds: float  # since it began to train; its compilation not included
    fraction: float  # of its environment steps made since then


@dataclass
class _Pace:
    """What the runs of a group took, in seconds."""

    runs: list[float] = field(default_factory=list)
    compilations: list[float] = field(default_factory=list)


class Schedule:
    """The runs not yet begun, and what those before them took."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._pending: dict[Group, deque[Task]] = {}
        for task in tasks:
            self._pending.setdefault(task.run.group, deque()).append(task)
        self._paces = {group: _Pace() for group in self._pending}

    def __len__(self) -> int:
        return sum(map(len, self._pending.values()))

    def next(self, compiled: Group | None, others: Sequence[Running]) -> Task | None:
        """The run for an idle worker that has compiled `compiled` while `others` are at work.

        None if there is none, or if it would be done sooner by those at work on its group.
        """
        if self._pending.get(compiled):
            return self._pending[compiled].popleft()
        held = {running.group for running in others}
        open_ = [group for group, tasks in self._pending.items() if tasks]
        free = [group for group in open_ if group not in held]
        if free:
            return self._pending[max(free, key=self._backlog)].popleft()
        worth = [group for group in open_ if self._worth_joining(group, others)]
        return self._pending[max(worth, key=self._backlog)].popleft() if worth else None

    def put_back(self, task: Task) -> None:
        """Return a run that could not be begun."""
        self._pending[task.run.group].appendleft(task)

    def record(self, group: Group, compiling: float, seconds: float) -> None:
        """Learn from a finished run: what it took, and how much of that was compilation."""
        pace = self._paces[group]
        pace.runs.append(seconds - compiling)
        if compiling:
            pace.compilations.append(compiling)

    def seconds_left(self, running: Sequence[Running], workers: int) -> float | None:
        """An estimate of the time until all is done; None if nothing is known yet."""
        paces = {group: self._run_seconds(group, running) for group in self._pending}
        known = [pace for pace in paces.values() if pace is not None]
        if not known:
            return None
        guess = fmean(known)
        work = {group: guess if pace is None else pace for group, pace in paces.items()}
        total = sum(len(tasks) * work[group] for group, tasks in self._pending.items())
        rest = [work[item.group] * (1 - item.fraction) for item in running]
        return max([(total + sum(rest)) / workers, *rest])

    def _run_seconds(self, group: Group, running: Sequence[Running] = ()) -> float | None:
        """What a run of the group takes, from finished runs or else from those at work."""
        if runs := self._paces[group].runs:
            return fmean(runs)
        begun = [item for item in running if item.group == group and item.fraction > 0]
        return fmean(item.seconds / item.fraction for item in begun) if begun else None

    def _backlog(self, group: Group) -> float:
        """Seconds of work not yet begun in a group; a guess where nothing of it is known."""
        known = [fmean(pace.runs) for pace in self._paces.values() if pace.runs]
        seconds = self._run_seconds(group) or (fmean(known) if known else 1.0)
        return len(self._pending[group]) * seconds

    def _worth_joining(self, group: Group, others: Sequence[Running]) -> bool:
        """Whether one more worker would end a run before those at work had ended the group."""
        pace = self._paces[group]
        if not pace.runs:
            return True
        seconds = fmean(pace.runs)
        holders = [item for item in others if item.group == group]
        rest = sum(seconds * max(1 - item.fraction, 0) for item in holders)
        alone = (rest + self._backlog(group)) / len(holders)
        joining = fmean(pace.compilations or [0.0]) + seconds
        return joining < alone
