"""Which of two configurations is better, by how much, and how sure that is.

What each number is for, and its source:
- improvement: how often a seed of one beats a seed of the other; typical: the median of all such
  differences. Both have intervals and one p-value, which give the verdict;
  `tfrl.analysis.sign_test` says why. All pairs that are asked of one environment are a family:
  these intervals and the corrected p-values hold for all of them together (Bonferroni).
- difference of the means: Welch's t interval (see `tfrl.analysis.evidence` for what it cannot do).
  It gives no verdict.
- seeds needed: for 80% power of that same verdict, if seeds are like those seen. These are
  uncertain themselves: an order of magnitude.
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, sign_test
from tfrl.analysis.sign_test import ALPHA, MOST_SEEDS, Differences

Pairs = Sequence[tuple[str, str]]
_FEW = "needs two seeds on each side"
_VERDICTS = {sign_test.HIGHER: "a higher", sign_test.LOWER: "b higher"}


def all_pairs(names: Sequence[str]) -> Pairs:
    """Each two of them once, in their order."""
    return list(itertools.combinations(names, 2))


def compare(
    scores: pd.DataFrame,
    margins: Mapping[str, float],
    pairs: Pairs | None = None,
    measures: int = 1,
) -> pd.DataFrame:
    """Everything about each pair of configurations, in each environment.

    Args:
      scores: [environment, configuration, seed, score], one finite score a finished run.
      margins: by environment, the least difference that matters; NaN, or nothing, if not known.
      pairs: of configurations; all if not given. A pair needs a score on each side.
      measures: by how many kinds of scores these pairs are compared; all are one family.

    Returns:
      One row an environment and pair: environment, a, b, n_a, n_b, mean_a, mean_b;
      difference (a - b), low, high, difference_note; improvement (how often a seed of a beats one
      of b), improvement_low, improvement_high; tied (the share of pairs of seeds that tie, each
      counted as half a win); typical (the median difference of a seed of a and one of b),
      typical_low, typical_high, typical_note, margin; p, p_corrected, p_note;
      seeds_needed (for each of the two; infinite beyond `MOST_SEEDS`), seeds_note, seeds_least
      (below which no verdict is possible among so many pairs); verdict: "a higher", "b higher",
      "equivalent" or "inconclusive"; size, where it is sure by how much one is higher: "by as much
      as matters" or "by less than matters", else "". Where a number is NaN, its note
      says why. Raises `ValueError` if a score is not finite.
    """
    if not np.isfinite(scores["score"]).all():
        raise ValueError("a run has a score that is not a finite number")
    tables = []
    for environment, own in scores.groupby("environment", observed=True):
        groups = own.groupby("configuration", observed=True)["score"]
        values = {name: group.to_numpy(float) for name, group in groups}
        asked = all_pairs(list(values)) if pairs is None else pairs
        known = [(a, b) for a, b in asked if a in values and b in values]
        tested = [pair for pair in known if min(len(values[name]) for name in pair) > 1]
        family, margin = max(len(tested) * measures, 1), margins.get(str(environment), np.nan)
        rows = [
            {"environment": environment, "a": a, "b": b}
            | _pair(values[a], values[b], margin, family, str(environment))
            for a, b in known
        ]
        tables += [pd.DataFrame(rows)] if rows else []
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _pair(a: np.ndarray, b: np.ndarray, margin: float, family: int, key: str) -> dict[str, object]:
    """One row of `compare`, of one of `family` pairs; `key` keys the draws of simulated studies."""
    difference = evidence.welch(a, b)
    differences, alpha = Differences.between(a, b), ALPHA / family
    least, few = sign_test.least_seeds(alpha), differences.trials < 2
    low, high = differences.share_interval(1 - alpha)
    typical_low, typical_high = differences.interval(1 - alpha)
    needed = np.nan if few else sign_test.seeds_needed(a, b, alpha, key)
    endless = f"more than {MOST_SEEDS:,}" if np.isinf(needed) else ""
    verdict, size = differences.verdict(margin, alpha)
    short = "too few seeds" if differences.trials < least else ""
    return {
        **{"n_a": len(a), "n_b": len(b), "mean_a": a.mean(), "mean_b": b.mean()},
        **{"difference": difference.estimate, "low": difference.low, "high": difference.high},
        **{"difference_note": difference.note, "improvement": differences.share},
        **{"improvement_low": low, "improvement_high": high, "tied": differences.tied},
        "typical": differences.typical,
        **{"typical_low": typical_low, "typical_high": typical_high, "typical_note": short},
        **{"margin": margin, "p": differences.p},
        **{"p_corrected": np.minimum(differences.p * family, 1.0), "p_note": _FEW if few else ""},
        "seeds_needed": needed,
        **{"seeds_note": _FEW if few else endless, "seeds_least": least},
        **{"verdict": _VERDICTS.get(verdict, verdict), "size": size},
    }
