"""Whether runs made anew, not with the same bits, still score as the published ones.

Rounding that differs in the last bit makes another run of a seed before long, so bits that differ
say nothing yet of what a study found. That is judged by final returns, cell by cell:

- Pairs: each run is compared with the published one of the same seed. Both begin with the same
  weights and are evaluated on the same levels, and what parts late ends nearly alike, so they are
  correlated; differences within seeds take that into account, whatever its size, where a test of
  unpaired scores would be too cautious. Runs with the same bits belong to a cell too, with 0.
- Equivalent: two one-sided paired t-tests (TOST, Schuirmann 1987,
  https://doi.org/10.1007/BF01068419) at 5% each: the 90% interval of the mean change lies within
  the margin. Each cell is a claim of its own, so nothing is corrected.
- A real change: the two-sided paired t-test at 5%, corrected by Holm's method for all cells of the
  study: of many cells without any change, some would exclude 0 by chance.
- Inconclusive: neither. Few seeds that differ a lot decide nothing.

The margin was decided before any result was seen: `MARGIN` of the way from what a random policy
returns to where the task counts as solved (`thresholds.anchors`), the least gap that matters in the
reports too. Where that way is not known there is no margin, and equivalence is never claimed.

`together` asks the same of all runs of a study at once, which decides more: of 180 runs the mean
change is known well where that of five is not. Changes that cancel out show in the cells only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import special

from tfrl.analysis import thresholds
from tfrl.analysis.comparisons import holm
from tfrl.analysis.evidence import t_interval
from tfrl.analysis.overfitting import MARGIN
from tfrl.analysis.returns import GROUP
from tfrl.analysis.superiority import ALPHA

SAME, EQUIVALENT, CHANGE, INCONCLUSIVE = "the same", "equivalent", "a real change", "inconclusive"


def margin(environment_id: str) -> float:
    """The largest change of the mean return that does not matter; NaN if that is not known."""
    anchors = thresholds.anchors(environment_id)
    return np.nan if anchors is None else MARGIN * (anchors[1] - anchors[0])


def judge(scores: pd.DataFrame, margins: Mapping[str, float]) -> pd.DataFrame:
    """What became of the mean final return of each configuration in each environment.

    Args:
      scores: [environment, configuration, seed, published, stored], finite, one row a run.
      margins: by environment, positive or NaN.

    Returns:
      One row an environment and configuration: environment, configuration, n, change (stored minus
      published), low, high (its 95% interval), p, p_holm (of no change), p_equivalent (of a change
      beyond the margin), margin, verdict, note. A NaN is explained by the verdict or the note.
    """
    rows = [
        {"environment": environment, "configuration": configuration}
        | _cell((own["stored"] - own["published"]).to_numpy(float), margins[environment])
        for (environment, configuration), own in scores.groupby(GROUP, observed=True, sort=False)
    ]
    columns = ["n", "change", "low", "high", "p", "p_equivalent", "margin", "note"]
    table = pd.DataFrame(rows, columns=[*GROUP, *columns])
    table.insert(table.columns.get_loc("p") + 1, "p_holm", holm(table["p"].to_numpy(float)))
    table.insert(table.columns.get_loc("note"), "verdict", _verdicts(table))
    return table


def together(scores: pd.DataFrame, margins: Mapping[str, float]) -> pd.Series:
    """The row of `judge` for all runs as one cell, in shares of the way that margins are taken of.

    Environments without a margin are left out; n is 0 if none has one.
    """
    unit = scores["environment"].map(margins).to_numpy(float) / MARGIN
    shares = scores[["published", "stored"]].div(unit, axis=0).dropna()
    if shares.empty:
        return pd.Series({"n": 0})
    return judge(shares.assign(environment="", configuration=""), {"": MARGIN}).iloc[0]


def _cell(changes: np.ndarray, margin: float) -> dict[str, object]:
    """One row of `judge`, but for what depends on the others, from [n] differences of seeds."""
    n = len(changes)
    row = {"n": n, "change": changes.mean(), "margin": margin, "note": ""}
    row |= dict.fromkeys(("low", "high", "p", "p_equivalent"), np.nan)
    if not changes.any():
        return row
    if n < 2 or np.ptp(changes) == 0:
        return row | {"note": "one seed, so no test" if n < 2 else "no spread, so no test"}
    low, high = t_interval(changes)
    size, error = abs(changes.mean()), np.std(changes, ddof=1) / np.sqrt(n)
    return row | {
        **{"low": low, "high": high, "p": 2 * special.stdtr(n - 1, -size / error)},
        # The larger of the two one-sided ones.
        "p_equivalent": special.stdtr(n - 1, (size - margin) / error),
        "note": "no margin is known" if np.isnan(margin) else "",
    }


def _verdicts(table: pd.DataFrame) -> np.ndarray:
    """The verdict on each row, [N] texts; one that is equivalent is never called changed."""
    none = (table["change"] == 0) & table["low"].isna()
    conditions = [none, table["p_equivalent"] < ALPHA, table["p_holm"] < ALPHA]
    return np.select(conditions, [SAME, EQUIVALENT, CHANGE], INCONCLUSIVE)
