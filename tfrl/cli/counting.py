"""How many runs are planned, and what became of them, as the terminal shows it."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tfrl.harness.execution.plan import Cause, Task
    from tfrl.harness.store.run_store import StoredRun
    from tfrl.harness.studies.study import Run, Study

COUNTED = ("planned", "finished", "failed", "missing")
_CAUSES: tuple["Cause", ...] = ("missing", "failed", "changed", "damaged")  # of a `Task`
_LINES = 10  # what a screen has room for besides a table
_NAMES = 3  # of runs in a line
_CHARACTERS = 500  # of what is said of a run
_Item = TypeVar("_Item", "StoredRun", "Task")


def counts(entries: Sequence["StoredRun"]) -> list[int]:
    """As many runs as there are of each of `COUNTED`."""
    statuses: Counter[str] = Counter(entry.status for entry in entries)
    return [len(entries), *(statuses[status] for status in COUNTED[1:])]


def total(entries: Sequence["StoredRun"]) -> str:
    """The counts as a sum."""
    planned, finished, failed, missing = counts(entries)
    return f"{planned} planned = {finished} finished + {failed} failed + {missing} missing"


def by_configuration(study: "Study", entries: Sequence["StoredRun"]) -> str:
    """A table with a row for each configuration on each environment."""
    rows = []
    for names, group in _cells(study, entries).items():
        spent = sum(entry.manifest["timings"]["total"] for entry in group if entry.manifest)
        rows.append([*names, *counts(group), f"{spent:.1f}"])
    return _table([*COUNTED, "seconds"], rows)


def to_make(study: "Study", seeds: Collection[int], tasks: Sequence["Task"]) -> str:
    """A table like that of `by_configuration`, of the runs to be made and why."""
    rows = []
    for names, group in _cells(study, tasks).items():
        causes = Counter(task.cause for task in group)
        rows.append([*names, len(seeds), *(causes[cause] for cause in _CAUSES), len(group)])
    return _table(["planned", *_CAUSES, "to make"], rows)


def failures(entries: Iterable["StoredRun"]) -> list[str]:
    """Lines on the runs that failed, by reason."""
    return _told(
        ("failed", entry.run, entry.note or "") for entry in entries if entry.status == "failed"
    )


def not_counting(entries: Iterable["StoredRun"]) -> list[str]:
    """Lines on the runs that are stored but count as missing, by reason."""
    return _told(("not counted", entry.run, entry.note or "") for entry in entries if entry.cause)


def long_sums(entries: Iterable["StoredRun"]) -> list[str]:
    """A line on each configuration whose bits may differ on a processor with another cache."""
    told = {
        entry.run.configuration.name: ", ".join(sums)
        for entry in entries
        if (sums := entry.manifest.get("long_sums"))
    }
    return [
        f"{name}: may give other bits on a processor with another cache ({sums})"
        for name, sums in told.items()
    ]


def reasons(tasks: Iterable["Task"]) -> list[str]:
    """Lines on the runs that are to be made though something is stored of them, by reason."""
    return _told((task.cause, task.run, task.reason) for task in tasks if task.reason)


def listed(runs: Sequence["Run"]) -> str:
    """The names of the first few runs, and how many more there are."""
    more = f" and {len(runs) - _NAMES} more" if len(runs) > _NAMES else ""
    return ", ".join(map(str, runs[:_NAMES])) + more


def _cells(study: "Study", items: Iterable[_Item]) -> dict[tuple[str, str], list[_Item]]:
    """Those of `items` that are about each environment and configuration, by their names."""
    cells: dict[tuple[str, str], list[_Item]] = {
        (environment.name, configuration.name): []
        for environment in study.environments
        for configuration in study.configurations
    }
    for item in items:
        cells[item.run.environment.name, item.run.configuration.name].append(item)
    return cells


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    from tabulate import tabulate

    names = ["environment", "configuration"]
    # The first two columns are names, which may look like numbers.
    return tabulate(
        rows, [*names, *headers], tablefmt="simple", floatfmt=".1f", disable_numparse=[0, 1]
    )


def _told(notes: Iterable[tuple[str, "Run", str]]) -> list[str]:
    """A line for each label and note with the runs that they are about, up to a screenful."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for label, run, note in notes:
        groups.setdefault((label, note), []).append(run)
    lines = [
        f"{label}: {listed(runs)}: {note[:_CHARACTERS]}" for (label, note), runs in groups.items()
    ]
    if len(lines) <= _LINES:
        return lines
    more = sum(map(len, list(groups.values())[_LINES:]))
    labels = ", ".join(dict.fromkeys(label for label, _ in list(groups)[_LINES:]))
    return [*lines[:_LINES], f"{labels}: {more} more, for {len(lines) - _LINES} other reasons"]
