"""Whether what is known to narrow a gap did so here.

Runs with and without a remedy are paired by seed: they begin with the same weights, if their
networks are the same, and meet the same levels in their evaluations, so that what their scores
share is no part of the difference. Where they share nothing, pairing only widens the interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis.overfitting import Measure, judged, over_seeds

CHANGES = ("narrowed", "reference", "score")


@dataclass(frozen=True)
class Pair:
    """Two configurations that differ by regularisation only."""

    plain: str
    remedy: str
    added: str  # what the remedy sets: "entropy_regularization = 0.01"


def regularised(settings: Mapping[str, tuple[str, Mapping[str, Any]]]) -> tuple[Pair, ...]:
    """Each configuration with an entropy bonus or L2, with the one that is the same but for that.

    Args:
      settings: pipeline and hyperparameters of each configuration.
    """
    plain: dict[str, str] = {}
    for name, (pipeline, values) in settings.items():
        if not _added(values):
            plain.setdefault(_rest(pipeline, values), name)
    return tuple(
        Pair(plain[_rest(pipeline, values)], name, ", ".join(_added(values)))
        for name, (pipeline, values) in settings.items()
        if _added(values) and _rest(pipeline, values) in plain
    )


def paired(
    plain: pd.DataFrame, remedy: pd.DataFrame, by: list[str], measure: Measure, episodes: int
) -> pd.DataFrame:
    """What a remedy changed, paired by seed.

    Args:
      plain, remedy: rows of `overfitting.gaps` without and with it, one for each seed and `by`.
      episodes: played by each run in each part of an evaluation.

    Returns:
      [*by, n, gap_plain, gap_remedy, verdict], the mean gaps without and with it, and `x`, `x_low`,
      `x_high`, `x_note` for x in: narrowed, the first gap minus the second; reference and score,
      what the remedy changed in both scores that the gap is between.
    """
    both = plain.merge(remedy, on=[*by, "seed"], suffixes=("_plain", "_remedy"))
    both["narrowed"] = both["gap_plain"] - both["gap_remedy"]
    for part in ("reference", "score"):
        both[part] = both[f"{part}_remedy"] - both[f"{part}_plain"]
    table = both.groupby(by, observed=True)[["gap_plain", "gap_remedy"]].mean().reset_index()
    for change in CHANGES:
        found = judged(over_seeds(both, by, change, measure.resolution(episodes)), measure)
        if change == "narrowed":
            table = table.merge(found[[*by, "n", "verdict"]], on=by)
        ends = {"mean": change, **{end: f"{change}_{end}" for end in ("low", "high", "note")}}
        table = table.merge(found[[*by, *ends]].rename(columns=ends), on=by)
    return table


def _regularises(key: str) -> bool:
    return key == "entropy_regularization" or key.endswith("l2_reg")


def _added(values: Mapping[str, Any]) -> list[str]:
    """The regularisation that is on."""
    return [f"{key} = {value:g}" for key, value in values.items() if _regularises(key) and value]


def _rest(pipeline: str, values: Mapping[str, Any]) -> str:
    """All else, to compare."""
    return repr((pipeline, sorted((k, repr(v)) for k, v in values.items() if not _regularises(k))))
