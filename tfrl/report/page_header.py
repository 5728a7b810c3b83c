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
    """The comparison of the runs of a page with the published ones."""

    tally: verification.Tally
    complete: bool  # whether all planned runs have finished
    folder: str  # relative URL of the published page's folder


def notices(results: Results) -> tuple[str, ...]:
    """Returns a sentence for each caveat of the harness about the runs."""
    sentences = (describe_differences(results.provenances), *results.notices)
    return tuple(sentence for sentence in sentences if sentence)


def counts(results: Results) -> dict[str, int]:
    """Returns the numbers of planned, finished, failed and missing runs."""
    status = results.runs["status"].value_counts()
    keys = ("finished", "failed", "missing")
    return {"planned": len(results.runs)} | {key: int(status.get(key, 0)) for key in keys}


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
        tally=tally,
        complete=bool((results.runs["status"] == "finished").all()),
        folder=quote(Path(os.path.relpath(file.parent, destination)).as_posix()),
    )
