"""How many seeds fail, compared between two configurations.

A failure is rare, so a sign test over pairs of seeds, most of them ties, is blind to it. Two shares
are compared by Boschloo's exact test (1970), which keeps its level for any two equal shares and is
never weaker than Fisher's: 5 of 10 against 0 of 10 is p = 0.013, where Fisher's gives 0.033. The
interval of the difference is Newcombe's (1998, method 10, https://doi.org/10.1002/(SICI)1097-0258
(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), of Wilson's two.
"""

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import evidence
from tfrl.analysis.evidence import CONFIDENCE, Interval
from tfrl.analysis.sign_test import ALPHA


def p_value(hits_a: int, n: int, hits_b: int, m: int) -> float:
    """Two-sided p-value of "equal shares", of `hits_a` in `n` and `hits_b` in `m`."""
    if hits_a in (0, n) and hits_b in (0, m) and hits_a / n == hits_b / m:
        return 1.0  # which SciPy takes for a difference
    table = [[hits_a, hits_b], [n - hits_a, m - hits_b]]
    return float(stats.boschloo_exact(table).pvalue)


def difference_interval(
    hits_a: int, n: int, hits_b: int, m: int, confidence: float = CONFIDENCE
) -> Interval:
    """Newcombe's interval for the difference of two shares, a minus b."""
    a, b = hits_a / n, hits_b / m
    low_a, high_a = evidence.wilson_interval(np.array(hits_a), n, confidence)
    low_b, high_b = evidence.wilson_interval(np.array(hits_b), m, confidence)
    low = a - b - np.hypot(a - low_a, high_b - b)
    high = a - b + np.hypot(high_a - a, b - low_b)
    return float(low), float(high)


def compare(counts: pd.DataFrame) -> pd.DataFrame:
    """Each two configurations of one environment, by how many of their seeds failed.

    Args:
      counts: [configuration, n, failed], a row for each, n > 0.

    Returns:
      A row a pair: a, b, n_a, n_b, failed_a, failed_b, difference (of the shares, a - b), low,
      high, p, p_corrected, verdict ("a more often", "b more often" or "inconclusive"). Intervals
      and p_corrected hold for all pairs together (Bonferroni).
    """
    rows = list(counts.itertuples())
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[i + 1 :]]
    found = []
    for a, b in pairs:
        counted = (int(a.failed), int(a.n), int(b.failed), int(b.n))
        low, high = difference_interval(*counted, 1 - ALPHA / len(pairs))
        p = p_value(*counted)
        corrected = min(1.0, p * len(pairs))
        more = "a more often" if a.failed / a.n > b.failed / b.n else "b more often"
        found.append(
            {"a": a.configuration, "b": b.configuration, "n_a": a.n, "n_b": b.n}
            | {
                "failed_a": a.failed,
                "failed_b": b.failed,
                "difference": a.failed / a.n - b.failed / b.n,
            }
            | {"low": low, "high": high, "p": p, "p_corrected": corrected}
            | {"verdict": more if corrected < ALPHA else "inconclusive"}
        )
    return pd.DataFrame(found)
