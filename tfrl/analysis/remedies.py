"""Whether what is known to narrow a gap did so here.

Runs with and without a remedy are paired by seed: they begin with the same weights, if their
networks are the same, and meet the same levels in their evaluations, so that what their scores
share is no part of the difference. Where they share nothing, pairing only widens the interval.
"""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import levels
from tfrl.analysis.overfitting import Measure, judged, typical
from tfrl.analysis.settings import Settings, Values, rest

NO_GAP = "no gap detected"


@dataclass(frozen=True)
class Pair:
    """Two configurations that differ by regularisation only."""

    plain: str
    remedy: str
    added: str  # what the remedy sets: "entropy_regularization = 0.01"


def regularised(settings: Settings) -> tuple[Pair, ...]:
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
    plain: pd.DataFrame,
    remedy: pd.DataFrame,
    by: list[str],
    measure: Measure,
    family: int = 1,
    played: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """What a remedy changed, paired by seed.

    Args:
      plain, remedy: rows of gaps without and with it, one for each seed and `by`.
      by: as ["environment", "tested"].
      family: how many verdicts are to hold together.
      played: as `levels.played` gives it, of runs that share the levels they are trained on.

    Returns:
      [*by, n, gap_plain, gap_remedy, verdict], the median gaps without and with it, and `x`,
      `x_low`, `x_high`, `x_note` for x in: narrowed, the first gap minus the second; reference and
      score, what the remedy changed in both scores that the gap is between; medians over seeds. The
      verdict is on narrowed. It is `NO_GAP` if no gap is sure without the remedy.
    """
    keys = [*by, "seed"]
    plain, remedy = (
        one[one["learned"]].merge(other.loc[other["learned"], keys], on=keys)
        for one, other in ((plain, remedy), (remedy, plain))
    )
    both = plain.merge(remedy, on=keys, suffixes=("_plain", "_remedy"))
    both["narrowed"] = both["gap_plain"] - both["gap_remedy"]
    for part in ("reference", "score"):
        both[part] = both[f"{part}_remedy"] - both[f"{part}_plain"]

    def estimated(column: str, *weighted: tuple[pd.DataFrame, float]) -> pd.DataFrame:
        terms = [rows.assign(weight=weight) for rows, weight in weighted]
        known = played is not None and terms
        shared = levels.variance(pd.concat(terms), played, by) if known else None
        return judged(typical(both, by, column, family, shared), measure.margin)

    found = {
        "narrowed": estimated("narrowed", (plain, 1.0), (remedy, -1.0)),
        "reference": estimated("reference", (plain, -1.0), (remedy, 1.0)),
        "score": estimated("score"),
    }
    table = both.groupby(by, observed=True)[["gap_plain", "gap_remedy"]].median().reset_index()
    table = table.merge(found["narrowed"][[*by, "n", "verdict"]], on=by)
    there = estimated("gap_plain", (plain, 1.0))["verdict"] == "gap"
    table["verdict"] = table["verdict"].where(there, NO_GAP)
    for change, estimates in found.items():
        ends = {end: f"{change}_{end}" for end in ("low", "high", "note")}
        columns = {"typical": change, **ends}
        table = table.merge(estimates[[*by, *columns]].rename(columns=columns), on=by)
    return table


def _regularises(key: str) -> bool:
    return key == "entropy_regularization" or key.endswith("l2_reg")


def _added(values: Values) -> list[str]:
    """The regularisation that is on."""
    return [f"{key} = {value:g}" for key, value in values.items() if _regularises(key) and value]


def _rest(pipeline: str, values: Values) -> str:
    return rest(pipeline, values, _regularises)
