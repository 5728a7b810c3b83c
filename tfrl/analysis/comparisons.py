"""Pairwise comparisons of configurations.

- improvement: how often a seed of one beats a seed of the other; typical: the median of all such
  differences. Both have intervals and one p-value, which decides the verdict; see
  `tfrl.analysis.sign_test`. All pairs of one environment are a family: these intervals and the
  corrected p-values hold for all of them together (Bonferroni).
- difference of the means: with Welch's t interval, whose limits `tfrl.analysis.evidence` states. It
  does not affect the verdict.
- seeds needed: for 80% power of the same test, if future seeds are like these. A rough estimate, to
  an order of magnitude.
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
    """Returns each pair of names once, in their order."""
    return list(itertools.combinations(names, 2))


def by_configuration(scores: pd.DataFrame) -> dict[str, np.ndarray]:
    """Returns the scores [n] of each configuration.

    Args:
      scores: [configuration, score] of one environment, one row per run.
    """
    groups = scores.groupby("configuration", observed=True)["score"]
    return {name: group.to_numpy(float) for name, group in groups}


def compare(
    scores: pd.DataFrame,
    margins: Mapping[str, float],
    pairs: Pairs | None = None,
    measures: int = 1,
) -> pd.DataFrame:
    """Compares pairs of configurations in each environment.

    Args:
      scores: [environment, configuration, seed, score], one row per finished run.
      margins: by environment, the least difference that matters; NaN or missing if not known.
      pairs: of configurations; by default all. A pair without scores on both sides is left out.
      measures: number of kinds of scores by which the pairs are compared; all are one family.

    Returns:
      One row per environment and pair:
      - environment, a, b, n_a, n_b, mean_a, mean_b;
      - difference (of means, a - b), low, high, difference_note;
      - improvement (how often a seed of a beats one of b, ties counting one half),
        improvement_low, improvement_high, tied (share of ties);
      - typical (median difference of a seed of a and one of b), typical_low, typical_high,
        typical_note, margin;
      - p, p_corrected, p_note;
      - seeds_needed (per side; infinity beyond `MOST_SEEDS`), seeds_note, seeds_least (per side, to
        make a verdict possible among so many pairs);
      - verdict: "a higher", "b higher", "equivalent" or "undecided";
      - size: "by as much as matters", "by less than matters", or "" if neither is sure.
      NaNs are explained by the note of their group.

    Raises:
      ValueError: a score is not finite.
    """
    evidence.check_finite(scores)
    tables = []
    for environment, group in scores.groupby("environment", observed=True):
        values = by_configuration(group)
        wanted = all_pairs(list(values)) if pairs is None else pairs
        present = [(a, b) for a, b in wanted if a in values and b in values]
        tested = [pair for pair in present if min(len(values[name]) for name in pair) > 1]
        family, margin = max(len(tested) * measures, 1), margins.get(str(environment), np.nan)
        rows = [
            {"environment": environment, "a": a, "b": b}
            | _pair(values[a], values[b], margin, family, str(environment))
            for a, b in present
        ]
        tables += [pd.DataFrame(rows)] if rows else []
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _pair(a: np.ndarray, b: np.ndarray, margin: float, family: int, key: str) -> dict[str, object]:
    """Returns one row of `compare`, of a family of that size; `key` seeds simulated studies."""
    difference = evidence.welch(a, b)
    differences, alpha = Differences.between(a, b), ALPHA / family
    least, few = sign_test.least_seeds(alpha), differences.trials < 2
    low, high = differences.share_interval(1 - alpha)
    typical_low, typical_high = differences.interval(1 - alpha)
    needed = np.nan if few else sign_test.seeds_needed(a, b, alpha, key)
    endless = f"more than {MOST_SEEDS:,}" if np.isinf(needed) else ""
    verdict, size = differences.verdict(margin, alpha)
    return {
        **{"n_a": len(a), "n_b": len(b), "mean_a": a.mean(), "mean_b": b.mean()},
        **{"difference": difference.estimate, "low": difference.low, "high": difference.high},
        **{"difference_note": difference.note, "improvement": differences.share},
        **{"improvement_low": low, "improvement_high": high, "tied": differences.tied},
        **{
            "typical": differences.typical,
            "typical_low": typical_low,
            "typical_high": typical_high,
        },
        "typical_note": "too few seeds" if differences.trials < least else "",
        **{"margin": margin, "p": differences.p},
        **{"p_corrected": np.minimum(differences.p * family, 1.0), "p_note": _FEW if few else ""},
        **{"seeds_needed": needed, "seeds_note": _FEW if few else endless, "seeds_least": least},
        **{"verdict": _VERDICTS.get(verdict, verdict), "size": size},
    }
