"""Comparison of the shares of seeds that failed.

Failures are rare, so most pairs of seeds tie and a sign test over pairs cannot see them. Two shares
are compared by Boschloo's exact test (1970), which keeps its level for any two equal shares and is
never weaker than Fisher's: for 5 of 10 against 0 of 10, p = 0.013 instead of 0.033. The interval of
the difference is Newcombe's (1998, method 10, https://doi.org/10.1002/(SICI)1097-0258
(19980430)17:8<873::AID-SIM779>3.0.CO;2-I), from two Wilson intervals.
"""

import itertools

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import evidence
from tfrl.analysis.evidence import CONFIDENCE, Interval
from tfrl.analysis.sign_test import ALPHA, UNDECIDED


def p_value(hits_a: int, n: int, hits_b: int, m: int) -> float:
    """Computes Boschloo's two-sided p-value of equal shares: `hits_a` of n and `hits_b` of m."""
    if hits_a in (0, n) and hits_b in (0, m) and hits_a / n == hits_b / m:
        return 1.0  # SciPy reports a difference here
    table = [[hits_a, hits_b], [n - hits_a, m - hits_b]]
    return float(stats.boschloo_exact(table).pvalue)


def difference_interval(
    hits_a: int, n: int, hits_b: int, m: int, confidence: float = CONFIDENCE
) -> Interval:
    """Computes Newcombe's interval of the difference of two shares, a - b."""
    a, b = hits_a / n, hits_b / m
    low_a, high_a = evidence.wilson_interval(np.array(hits_a), n, confidence)
    low_b, high_b = evidence.wilson_interval(np.array(hits_b), m, confidence)
    low = a - b - np.hypot(a - low_a, high_b - b)
    high = a - b + np.hypot(high_a - a, b - low_b)
    return float(low), float(high)


def compare(counts: pd.DataFrame) -> pd.DataFrame:
    """Compares each pair of configurations by the share of their seeds that failed.

    Args:
      counts: [configuration, n, failed] of one environment, one row per configuration, n > 0.

    Returns:
      One row per pair: a, b, n_a, n_b, failed_a, failed_b, difference (of shares, a - b), low,
      high, p, p_corrected, verdict ("a more often", "b more often" or "undecided"). The intervals
      and p_corrected hold for all pairs together (Bonferroni).
    """
    pairs = list(itertools.combinations(counts.itertuples(), 2))
    rows = []
    for a, b in pairs:
        sides = (int(a.failed), int(a.n), int(b.failed), int(b.n))
        low, high = difference_interval(*sides, 1 - ALPHA / len(pairs))
        p = p_value(*sides)
        corrected = min(1.0, p * len(pairs))
        difference = a.failed / a.n - b.failed / b.n
        more = "a more often" if a.failed / a.n > b.failed / b.n else "b more often"
        rows.append(
            {"a": a.configuration, "b": b.configuration, "n_a": a.n, "n_b": b.n}
            | {"failed_a": a.failed, "failed_b": b.failed, "difference": difference}
            | {"low": low, "high": high, "p": p, "p_corrected": corrected}
            | {"verdict": more if corrected < ALPHA else UNDECIDED}
        )
    return pd.DataFrame(rows)
