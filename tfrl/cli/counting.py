"""How many runs are planned, and what became of them, as the terminal shows it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfrl.harness.ledger import Entry
    from tfrl.harness.study import Study

COUNTED = ("planned", "finished", "failed", "missing")
_FAILURES_SHOWN = 10


def counts(entries: Sequence["Entry"]) -> list[int]:
    """As many runs as there are of each of `COUNTED`."""
    statuses: Counter[str] = Counter(entry.status for entry in entries)
    return [len(entries), *(statuses[status] for status in COUNTED[1:])]


def by_configuration(study: "Study", entries: Sequence["Entry"]) -> str:
    """A table with a row for each configuration on each environment."""
    from tabulate import tabulate

    rows = []
    for environment in study.environments:
        for configuration in study.configurations:
            group = [
                entry
                for entry in entries
                if (entry.run.environment, entry.run.configuration) == (environment, configuration)
            ]
            spent = sum(entry.manifest["timings"]["total"] for entry in group if entry.manifest)
            names = [environment.name, configuration.name]
            rows.append([*names, *counts(group), f"{spent:.1f}"])
    headers = ["environment", "configuration", *COUNTED, "seconds"]
    return tabulate(rows, headers, tablefmt="simple", floatfmt=".1f")


def failures(failed: Sequence["Entry"]) -> Iterable[str]:
    """A line for each failed run, up to a screenful."""
    for entry in failed[:_FAILURES_SHOWN]:
        yield f"failed: {entry.run}: {entry.note}"
    if len(failed) > _FAILURES_SHOWN:
        yield f"failed: {len(failed) - _FAILURES_SHOWN} more"
