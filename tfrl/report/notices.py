"""What stands at the top of a page because it limits what the page can say."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tfrl.harness import published_results, verification
from tfrl.harness.store.notices import describe_differences
from tfrl.harness.store.stored_results import Results


@dataclass(frozen=True)
class Compared:
    """How the runs of a page compare with the published ones."""

    same: int  # runs with the same bits
    differ: int
    unpublished: int  # runs that were not published with these settings
    whole: bool  # whether all planned runs have finished
    folder: str  # the address of the published page's folder, from that of this page


@dataclass(frozen=True)
class Counts:
    """How many of the planned runs there are."""

    planned: int
    finished: int
    failed: int
    missing: int


def notices(results: Results) -> tuple[str, ...]:
    """A sentence for each thing that the harness has to say of the runs."""
    return tuple(
        sentence
        for sentence in (describe_differences(results.makers), *results.notices)
        if sentence
    )


def counts(results: Results) -> Counts:
    """The runs by their status."""
    status = results.runs["status"].value_counts()
    numbers = (int(status.get(key, 0)) for key in ("finished", "failed", "missing"))
    return Counts(len(results.runs), *numbers)


def compared(results: Results, file: Path, destination: Path) -> Compared | None:
    """How the runs compare with the published ones, for a page in the folder `destination`.

    None if nothing was published in `file` with the settings that the runs have. Raises
    `HarnessError` if the file cannot be read.
    """
    expected = published_results.read(file)
    found = verification.tally(expected, results.entries) if expected else verification.Tally()
    if not found.same + found.differ:
        return None
    return Compared(
        same=found.same,
        differ=found.differ,
        unpublished=found.unpublished,
        whole=bool((results.runs["status"] == "finished").all()),
        folder=quote(Path(os.path.relpath(file.parent, destination)).as_posix()),
    )
