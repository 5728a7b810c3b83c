"""Tables of counts of runs, and lists of runs by reason, for the terminal."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tfrl.harness.execution.plan import Cause, Task
    from tfrl.harness.store.run_store import StoredRun
    from tfrl.harness.studies.study import Run, Study

COUNTS = ("planned", "finished", "failed", "missing")
_CAUSES: tuple["Cause", ...] = ("missing", "failed", "changed", "damaged")  # of a `Task`
_MAX_LINES = 10  # so that a table and these fit on one screen
_MAX_NAMES = 3  # of runs in a line
_MAX_CHARACTERS = 500  # of a reason
_Item = TypeVar("_Item", "StoredRun", "Task")


def counts(entries: Sequence["StoredRun"]) -> list[int]:
    """Returns the number of runs of each of `COUNTS`."""
    statuses: Counter[str] = Counter(entry.status for entry in entries)
    return [len(entries), *(statuses[status] for status in COUNTS[1:])]


def total(entries: Sequence["StoredRun"]) -> str:
    """Returns the counts as a sum: "8 planned = 4 finished + 0 failed + 4 missing"."""
    planned, finished, failed, missing = counts(entries)
    return f"{planned} planned = {finished} finished + {failed} failed + {missing} missing"


def by_configuration(study: "Study", entries: Sequence["StoredRun"]) -> str:
    """Returns a table of `COUNTS` with a row for each environment and configuration."""
    rows = []
    for names, group in _group(study, entries).items():
        seconds = sum(entry.manifest["timings"]["total"] for entry in group if entry.manifest)
        rows.append([*names, *counts(group), f"{seconds:.1f}"])
    return _table([*COUNTS, "seconds"], rows)


def pending(study: "Study", seeds: Collection[int], tasks: Sequence["Task"]) -> str:
    """Returns a table of the runs to train, by cause, with the rows of `by_configuration`."""
    rows = []
    for names, group in _group(study, tasks).items():
        causes = Counter(task.cause for task in group)
        rows.append([*names, len(seeds), *(causes[cause] for cause in _CAUSES), len(group)])
    return _table(["planned", *_CAUSES, "to train"], rows)


def failures(entries: Iterable["StoredRun"]) -> list[str]:
    """Returns lines that list the failed runs by error."""
    return _by_reason(
        ("failed", entry.run, entry.note or "") for entry in entries if entry.status == "failed"
    )


def not_counted(entries: Iterable["StoredRun"]) -> list[str]:
    """Returns lines that list, by reason, the stored runs that count as missing."""
    return _by_reason(
        ("not counted", entry.run, entry.note or "") for entry in entries if entry.cause
    )


def reasons(tasks: Iterable["Task"]) -> list[str]:
    """Returns lines that list, by reason, the stored runs that are to be trained again."""
    return _by_reason((task.cause, task.run, task.reason) for task in tasks if task.reason)


def long_sums(entries: Iterable["StoredRun"]) -> list[str]:
    """Returns a line for each configuration whose results depend on the L1 cache."""
    operations = {
        entry.run.configuration.name: ", ".join(sums)
        for entry in entries
        if (sums := entry.manifest.get("long_sums"))
    }
    return [
        f"{name}: results may differ in their bits on a processor with another L1 cache ({sums})"
        for name, sums in operations.items()
    ]


def list_runs(runs: Sequence["Run"]) -> str:
    """Returns the names of the first few runs, and the number of the others."""
    more = f" and {len(runs) - _MAX_NAMES} more" if len(runs) > _MAX_NAMES else ""
    return ", ".join(map(str, runs[:_MAX_NAMES])) + more


def _group(study: "Study", items: Iterable[_Item]) -> dict[tuple[str, str], list[_Item]]:
    """Groups items by the names of their environment and configuration. Groups may be empty."""
    groups: dict[tuple[str, str], list[_Item]] = {
        (environment.name, configuration.name): []
        for environment in study.environments
        for configuration in study.configurations
    }
    for item in items:
        groups[item.run.environment.name, item.run.configuration.name].append(item)
    return groups


def _table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    from tabulate import tabulate

    names = ["environment", "configuration"]
    # The first two columns are names, which may look like numbers.
    return tabulate(
        rows, [*names, *headers], tablefmt="simple", floatfmt=".1f", disable_numparse=[0, 1]
    )


def _by_reason(notes: Iterable[tuple[str, "Run", str]]) -> list[str]:
    """Returns at most `_MAX_LINES` lines "label: runs: reason", and one that counts the rest."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for label, run, reason in notes:
        groups.setdefault((label, reason), []).append(run)
    lines = [
        f"{label}: {list_runs(runs)}: {reason[:_MAX_CHARACTERS]}"
        for (label, reason), runs in groups.items()
    ]
    if len(lines) <= _MAX_LINES:
        return lines
    more = sum(map(len, list(groups.values())[_MAX_LINES:]))
    labels = ", ".join(dict.fromkeys(label for label, _ in list(groups)[_MAX_LINES:]))
    others = len(lines) - _MAX_LINES
    return [*lines[:_MAX_LINES], f"{labels}: {more} more, for {others} other reasons"]
