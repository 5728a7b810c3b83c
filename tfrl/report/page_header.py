"""The top of a page: notices, counts of runs, and the comparison with published runs."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tfrl.harness import published_results, verification
from tfrl.harness.store.notices import describe_differences
from tfrl.harness.store.stored_results import Results


@dataclass(frozen=True)
class Compared:
    """Counts of the runs of a page by how they compare with the published ones."""

    same: int  # runs with the same bits
    differ: int
    unpublished: int  # runs that were not published with these settings
    complete: bool  # whether all planned runs have finished
    folder: str  # relative URL of the published page's folder


@dataclass(frozen=True)
class Counts:
    """Counts of the planned runs by status."""

    planned: int
    finished: int
    failed: int
    missing: int


def notices(results: Results) -> tuple[str, ...]:
    """Returns a sentence for each caveat of the harness about the runs."""
    return tuple(
        sentence
        for sentence in (describe_differences(results.provenances), *results.notices)
        if sentence
    )


def counts(results: Results) -> Counts:
    """Returns the counts of the planned runs."""
    status = results.runs["status"].value_counts()
    numbers = (int(status.get(key, 0)) for key in ("finished", "failed", "missing"))
    return Counts(len(results.runs), *numbers)


def compared(results: Results, file: Path, destination: Path) -> Compared | None:
    """Returns the comparison with the runs published in `file`, for a page in `destination`.

    Returns None if nothing was published with the settings of these runs. Raises `HarnessError` if
    the file cannot be read.
    """
    expected = published_results.read(file)
    tally = verification.tally(expected, results.entries) if expected else verification.Tally()
    if not tally.same + tally.differ:
        return None
    return Compared(
        same=tally.same,
        differ=tally.differ,
        unpublished=tally.unpublished,
        complete=bool((results.runs["status"] == "finished").all()),
        folder=quote(Path(os.path.relpath(file.parent, destination)).as_posix()),
    )
