"""Comparison of the final returns of rerun seeds with the published ones.

Two runs of a seed that differ by rounding in one bit soon become different runs. So different bits
do not show that the results of a study changed. Final returns are compared in each cell, that is,
for each environment and configuration:

- Pairs: each run is compared with the published run of the same seed. Bit-identical runs count too,
  with a difference of 0.
- Equivalent: the typical change, the median over seeds, is smaller than the margin. A real change:
  more seeds went up than down, or down than up, and the change may exceed the margin. A sign test
  decides both (`tfrl.analysis.sign_test`), at 5% for all cells of a study together.
- Undecided: neither. Fewer than six seeds are always undecided.

A typical change does not show a few seeds that lose everything. So the seeds that changed by more
than the margin are counted as well.

The margin was fixed before any result was seen (`benchmarks.margin`). Without a known margin, no
cell is equivalent.

`judge_all` asks the same of all runs of a study together, which decides more: the typical change of
180 runs is known better than that of five. Opposite changes that cancel are visible in cells only.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from tfrl.analysis import sign_test
from tfrl.analysis.benchmarks import MARGIN
from tfrl.analysis.returns import GROUP
from tfrl.analysis.sign_test import ALPHA, EQUIVALENT, UNDECIDED, Differences

SAME, CHANGE = "the same", "a real change"


def judge(scores: pd.DataFrame, margins: Mapping[str, float]) -> pd.DataFrame:
    """Decides whether the final return of each cell changed.

    Args:
      scores: [environment, configuration, seed, published, stored], finite, one row per run.
      margins: by environment, positive or NaN.

    Returns:
      One row per environment and configuration: environment, configuration, n, change (median over
      seeds of stored - published), low, high (its interval; all rows hold together with 95%), p,
      p_corrected (of as many seeds up as down), down, up (seeds that changed by more than the
      margin), margin, verdict (`SAME`, `EQUIVALENT`, `CHANGE` or `UNDECIDED`), note. NaNs are
      explained by the verdict or the note.
    """
    cells = list(scores.groupby(GROUP, observed=True, sort=False))
    rows = [
        dict(zip(GROUP, key, strict=True))
        | _cell((runs["stored"] - runs["published"]).to_numpy(float), margins[key[0]], len(cells))
        for key, runs in cells
    ]
    columns = ["n", "change", "low", "high", "p", "p_corrected", "down", "up", "margin"]
    return pd.DataFrame(rows, columns=[*GROUP, *columns, "verdict", "note"])


def judge_all(scores: pd.DataFrame, margins: Mapping[str, float]) -> pd.Series:
    """Decides whether the final returns of all runs changed, as one cell of `judge`.

    Returns are measured from a random policy (0) to a solved task (1). Environments without a
    margin are left out.

    Returns:
      A row of `judge`; only n = 0 if no environment has a margin.
    """
    unit = scores["environment"].map(margins).to_numpy(float) / MARGIN
    scaled = scores[["published", "stored"]].div(unit, axis=0).dropna()
    if scaled.empty:
        return pd.Series({"n": 0})
    return judge(scaled.assign(environment="", configuration=""), {"": MARGIN}).iloc[0]


def _cell(changes: np.ndarray, margin: float, cells: int) -> dict[str, object]:
    """Returns one of `cells` rows of `judge`, from [n] differences of seeds."""
    differences, alpha = Differences.within(changes), ALPHA / cells
    low, high = differences.interval(1 - alpha)
    verdict, size = differences.verdict(margin, alpha)
    if size == sign_test.LESS:
        verdict = EQUIVALENT
    elif verdict not in (EQUIVALENT, UNDECIDED):
        verdict = CHANGE
    note = "no margin is known" if np.isnan(margin) else ""
    if len(changes) < sign_test.least_seeds(alpha):
        note = "too few seeds"
    if not changes.any():
        verdict, note = SAME, ""
    return {
        **{"n": len(changes), "change": differences.typical, "low": low, "high": high},
        **{"p": differences.p, "p_corrected": np.minimum(differences.p * cells, 1.0)},
        **{"down": int((changes < -margin).sum()), "up": int((changes > margin).sum())},
        **{"margin": margin, "verdict": verdict, "note": note},
    }
