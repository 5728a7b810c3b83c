"""What stands at the top of a page because it limits what the page can say."""

import os
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from tfrl.harness import published, verification
from tfrl.harness.notices import unlike
from tfrl.harness.storage import Results
from tfrl.report.blocks import Compared
from tfrl.report.wording import listed, plural


def notices(results: Results) -> tuple[str, ...]:
    """A sentence for each thing to know before reading on; none if all is as it should be."""
    found = (incomplete(results.runs), unlike(results.makers), *results.notices)
    return tuple(sentence for sentence in found if sentence)


def compared(results: Results, file: Path, destination: Path) -> Compared | None:
    """How the runs compare with the published ones, for a page in the folder `destination`.

    None if nothing was published in `file` with the settings that the runs have. Raises
    `HarnessError` if the file cannot be read.
    """
    expected = published.read(file)
    counts = verification.tally(expected, results.entries) if expected else verification.Tally()
    total = counts.same + counts.differ
    if not total:
        return None
    whole = (results.runs["status"] == "finished").all()
    runs = plural(total, "run" if whole else "stored run")
    said = f"All {runs} are" if counts.same == total else f"{counts.same:,} of {runs} are"
    differ = f"{counts.differ:,} {'differs' if counts.differ == 1 else 'differ'}"
    more = f"{counts.unpublished:,} more were not published with these settings"
    return Compared(
        f"{said} the same bits as",
        "the published ones",
        f"; {differ}" * (counts.differ > 0) + f"; {more}" * (counts.unpublished > 0) + ".",
        quote(Path(os.path.relpath(file.parent, destination)).as_posix()),
    )


def incomplete(runs: pd.DataFrame) -> str:
    """How many runs did not finish; empty if all did."""
    count = runs["status"].value_counts()
    finished, failed, missing = (int(count.get(s, 0)) for s in ("finished", "failed", "missing"))
    if finished == len(runs):
        return ""
    rest = [f"{failed:,} failed"] * (failed > 0) + [f"{missing:,} not there yet"] * (missing > 0)
    return f"This study is incomplete: {finished:,}/{len(runs):,} runs finished; {listed(rest)}."
