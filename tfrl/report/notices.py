"""What stands at the top of a page because it limits what the page can say."""

import pandas as pd

from tfrl.harness.notices import unlike
from tfrl.harness.storage import Results
from tfrl.report.wording import listed


def notices(results: Results) -> tuple[str, ...]:
    """A sentence for each thing to know before reading on; none if all is as it should be."""
    found = (incomplete(results.runs), unlike(results.makers), *results.notices)
    return tuple(sentence for sentence in found if sentence)


def incomplete(runs: pd.DataFrame) -> str:
    """How many runs did not finish; empty if all did."""
    count = runs["status"].value_counts()
    finished, failed, missing = (int(count.get(s, 0)) for s in ("finished", "failed", "missing"))
    if finished == len(runs):
        return ""
    rest = [f"{failed:,} failed"] * (failed > 0) + [f"{missing:,} not there yet"] * (missing > 0)
    return f"This study is incomplete: {finished:,}/{len(runs):,} runs finished; {listed(rest)}."
