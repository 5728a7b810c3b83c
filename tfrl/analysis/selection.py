"""Selection bias: the best of several configurations looks better than it is.

If the scores of configurations differ by chance, the one that is best on a few seeds is partly the
one that was lucky on them, and it scores lower on other seeds. The difference is the optimism of a
report of "the best of m": seeds that were used to choose should not be reported. The other seeds
are the study's seeds that did not choose, so this is cross-validation without further training.

The result holds for the study's own configurations, not for choices among checkpoints or among
hyperparameters outside the study. If one configuration is far ahead, optimism is almost 0.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tfrl.analysis import resampling
from tfrl.analysis.evidence import CONFIDENCE, NONE, Interval


@dataclass(frozen=True)
class Optimism:
    """Scores of the configuration that is best on some seeds, mean over splits of the seeds."""

    configurations: int
    seeds: int
    chosen_on: int  # seeds that choose
    splits: int
    chosen: float  # its score on the seeds that chose it
    rest: float  # its score on the other seeds
    low: float  # 95% interval of chosen - rest; NaN without one
    high: float
    note: str  # why there is no interval

    @property
    def optimism(self) -> float:
        """The difference chosen - rest."""
        return self.chosen - self.rest


def optimism(scores: np.ndarray, k: int, generator: np.random.Generator) -> Optimism:
    """Chooses the best of m configurations on k of n seeds, and scores it on the others.

    Uses all C(n, k) splits, or random ones if there are too many (`resampling.splits`). Tied
    configurations are averaged. The interval is Student's t around the jackknife over seeds: the
    splits overlap, so their variance is no measure of the error.

    Args:
      scores: [n, m], higher is better.
      k: number of seeds that choose, 1 <= k < n.

    Raises:
      ValueError: k is not between 1 and n - 1.
    """
    n, m = scores.shape
    if not 1 <= k < n:
        raise ValueError(f"k must be >= 1 and < {n} (the number of seeds), got {k}")
    picked, _ = resampling.splits(n, k, generator)  # [S, n]
    chosen = picked @ scores / k  # [S, m]
    rest = ~picked @ scores / (n - k)
    best = np.isclose(chosen, chosen.max(axis=1, keepdims=True), rtol=1e-12, atol=1e-12)
    best = best / best.sum(axis=1, keepdims=True)
    best_chosen, best_rest = (best * chosen).sum(axis=1), (best * rest).sum(axis=1)
    # As a U-statistic: optimism is a mean over pairs of a split and a seed that it left out.
    pairs = np.where(picked, 0.0, best_chosen[:, None] - best @ scores.T)  # [S, n]
    low, high = _jackknife(picked, pairs, best_chosen.mean() - best_rest.mean())
    note = "no spread" if np.isnan(low) else ""
    if n - k < 2:
        note = "one seed left out, so no interval"
    elif (best == best[0]).all() and best[0].max() == 1:
        note = "always the same one"
    return Optimism(m, n, k, len(picked), best_chosen.mean(), best_rest.mean(), low, high, note)


def _jackknife(picked: np.ndarray, pairs: np.ndarray, centre: float) -> Interval:
    """Returns the interval around `centre` from the estimates that leave out one seed each.

    Args:
      picked: bool [S, n].
      pairs: [S, n], 0 where picked.
    """
    n, k = picked.shape[1], int(picked[0].sum())
    if n - k < 2:
        return NONE
    sums = np.where(picked, 0.0, pairs.sum(axis=1, keepdims=True) - pairs).sum(axis=0)
    without = sums / ((~picked).sum(axis=0) * (n - k - 1))  # [n]
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    if error < 1e-12:
        return NONE
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * error
    return float(centre - half), float(centre + half)
