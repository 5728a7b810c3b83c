"""Whether runs made again, not with the same bits, still score as the published ones.

Rounding that differs in the last bit makes another run of a seed before long, so bits that differ
say nothing yet about a study's results. Final returns are compared, cell by cell:

- Pairs: each run is compared with the published one of the same seed. Runs with the same bits
  belong to a cell too, with 0.
- Equivalent: the typical change, the median over seeds, is smaller than the margin. A real change:
  it may be larger, and more seeds went up than down, or the other way round. A sign test judges
  both (`tfrl.analysis.sign_test`), at 5% for all cells of a study together.
- Inconclusive: neither. Fewer than six seeds never decide anything.

A typical change says nothing of a few seeds that lose everything. So the seeds that moved by more
than the margin are counted too.

The margin was decided before any result was seen (`benchmarks.margin`). Where it is not known,
equivalence is never claimed.

`together` asks the same of all runs of a study at once, which decides more: of 180 runs the typical
change is known well where that of five is not. Changes that cancel out show in the cells only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tfrl.analysis import sign_test
from tfrl.analysis.benchmarks import MARGIN
from tfrl.analysis.returns import GROUP
from tfrl.analysis.sign_test import ALPHA, Differences

SAME, EQUIVALENT, CHANGE, INCONCLUSIVE = "the same", "equivalent", "a real change", "inconclusive"


def judge(scores: pd.DataFrame, margins: Mapping[str, float]) -> pd.DataFrame:
    """What became of the final return of each configuration in each environment.

    Args:
      scores: [environment, configuration, seed, published, stored], finite, one row a run.
      margins: by environment, positive or NaN.

    Returns:
      One row an environment and configuration: environment, configuration, n, change (the median
      over seeds of stored minus published), low, high (its interval; all rows hold together with
      95%), p, p_corrected (of as many seeds up as down), down, up (seeds that moved by more than
      the margin), margin, verdict, note. A NaN is explained by the verdict or the note.
    """
    cells = list(scores.groupby(GROUP, observed=True, sort=False))
    rows = [
        dict(zip(GROUP, key, strict=True))
        | _cell((own["stored"] - own["published"]).to_numpy(float), margins[key[0]], len(cells))
        for key, own in cells
    ]
    columns = ["n", "change", "low", "high", "p", "p_corrected", "down", "up", "margin"]
    return pd.DataFrame(rows, columns=[*GROUP, *columns, "verdict", "note"])


def together(scores: pd.DataFrame, margins: Mapping[str, float]) -> pd.Series:
    """The row of `judge` for all runs as one cell, in shares of the way that margins are taken of.

    Environments without a margin are left out; n is 0 if none has one.
    """
    unit = scores["environment"].map(margins).to_numpy(float) / MARGIN
    shares = scores[["published", "stored"]].div(unit, axis=0).dropna()
    if shares.empty:
        return pd.Series({"n": 0})
    return judge(shares.assign(environment="", configuration=""), {"": MARGIN}).iloc[0]


def _cell(changes: np.ndarray, margin: float, family: int) -> dict[str, object]:
    """One row of `judge`, of one of `family` cells, from [n] differences of seeds."""
    found, alpha = Differences.within(changes), ALPHA / family
    low, high = found.interval(1 - alpha)
    verdict, size = found.verdict(margin, alpha)
    equivalent = verdict == sign_test.EQUIVALENT or size == sign_test.LESS
    judged = (
        EQUIVALENT if equivalent else INCONCLUSIVE if verdict == sign_test.INCONCLUSIVE else CHANGE
    )
    least = sign_test.least_seeds(alpha)
    differs = bool(changes.any())
    note = "no margin is known" if np.isnan(margin) else ""
    return {
        **{"n": len(changes), "change": found.typical, "low": low, "high": high},
        **{"p": found.p, "p_corrected": np.minimum(found.p * family, 1.0)},
        **{"down": int((changes < -margin).sum()), "up": int((changes > margin).sum())},
        "margin": margin,
        "verdict": judged if differs else SAME,
        "note": ("too few seeds" if len(changes) < least else note) if differs else "",
    }
