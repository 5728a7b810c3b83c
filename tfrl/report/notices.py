"""What stands at the top of a page because it limits what the page can say."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from tfrl.harness.storage import Results
from tfrl.report.wording import listed


def notices(results: Results) -> tuple[str, ...]:
    """A sentence for each thing to know before reading on; none if all is as it should be."""
    found = (incomplete(results.runs), mixed(results.runs, results.manifest), *results.notices)
    return tuple(sentence for sentence in found if sentence)


def incomplete(runs: pd.DataFrame) -> str:
    """How many runs did not finish; empty if all did."""
    count = runs["status"].value_counts()
    finished, failed, missing = (int(count.get(s, 0)) for s in ("finished", "failed", "missing"))
    if finished == len(runs):
        return ""
    rest = [f"{failed:,} failed"] * (failed > 0) + [f"{missing:,} not there yet"] * (missing > 0)
    return f"This study is incomplete: {finished:,}/{len(runs):,} runs finished; {listed(rest)}."


def mixed(runs: pd.DataFrame, manifest: Mapping[str, Any]) -> str:
    """In what the stored runs differ that should be the same for all; empty if in nothing.

    A pipeline of one's own has other code than the shipped ones, so code is compared within each.
    """
    versions = manifest.get("versions", {})
    packages = [name for name, value in versions.items() if isinstance(value, list)]
    codes = runs.dropna(subset=["code"]).groupby("pipeline")["code"].nunique()
    found = [f"{codes.max()} versions of the code"] if (codes > 1).any() else []
    found += [f"several versions of {listed(packages)}"] if packages else []
    found += [
        f"{len(manifest[key])} {what}"
        for key, what in (("lock_sha256", "locks"), ("processor", "processors"))
        if isinstance(manifest.get(key), list)
    ]
    if not found:
        return ""
    return (
        f"The runs of this study were made by {listed(found)}: part of what differs between them "
        "may come from that."
    )
