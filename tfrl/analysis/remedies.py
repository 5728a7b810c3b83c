"""The effect of remedies against overfitting.

Runs with and without a remedy are paired by seed. They start with the same weights, if their
networks are the same, and are evaluated on the same levels, so whatever their scores have in common
cancels. If they have nothing in common, pairing only widens the interval.
"""

import pandas as pd

from tfrl.analysis.level_variance import shared_variance
from tfrl.analysis.overfitting import Measure, typical, with_verdict

NO_GAP = "no gap detected"


def paired(
    plain: pd.DataFrame,
    remedy: pd.DataFrame,
    by: list[str],
    measure: Measure,
    family: int = 1,
    level_scores: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Computes the change of gaps by a remedy, paired by seed.

    Args:
      plain, remedy: output of `overfitting.gaps` without and with the remedy, one row for each seed
        and `by`.
      by: columns such as ["environment", "tested"].
      measure: of the scores.
      family: number of verdicts that hold together.
      level_scores: output of `level_variance.level_scores` for runs that share training levels.

    Returns:
      [*by, n, gap_plain, gap_remedy, verdict]: medians of the gaps over seeds and the verdict on
      narrowed, which is `NO_GAP` if the gap without the remedy is not sure. And `x`, `x_low`,
      `x_high`, `x_note` for the medians x: narrowed (gap without the remedy - gap with it),
      reference and score (the change of each of the two scores of a gap).
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

    def estimate(column: str, *terms: tuple[pd.DataFrame, float]) -> pd.DataFrame:
        shared = shared_variance(terms, level_scores, by) if terms else None
        return with_verdict(typical(both, by, column, family, shared), measure.margin)

    changes = {
        "narrowed": estimate("narrowed", (plain, 1.0), (remedy, -1.0)),
        "reference": estimate("reference", (plain, -1.0), (remedy, 1.0)),
        "score": estimate("score"),
    }
    table = both.groupby(by, observed=True)[["gap_plain", "gap_remedy"]].median().reset_index()
    table = table.merge(changes["narrowed"][[*by, "n", "verdict"]], on=by)
    has_gap = estimate("gap_plain", (plain, 1.0))["verdict"] == "gap"
    table["verdict"] = table["verdict"].where(has_gap, NO_GAP)
    for change, estimates in changes.items():
        ends = {end: f"{change}_{end}" for end in ("low", "high", "note")}
        columns = {"typical": change, **ends}
        table = table.merge(estimates[[*by, *columns]].rename(columns=columns), on=by)
    return table
