"""What choosing adds: the best of several configurations looks better than it is.

Of configurations whose scores differ by chance, the one that did best on a few seeds is partly the
one that was lucky on them. On other seeds the luck is gone; the optimism is what goes with it. That
is what a report of "the best of m" overstates, and why seeds that chose are not seeds to report.
The other seeds are those of the study that did not choose, so this is cross-validation: no run is
made anew for it.

It says nothing of choosing among checkpoints or hyperparameters outside the study, and it is that
of the configurations there are: of one far ahead of all others, choosing adds next to nothing.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from tfrl.analysis import resampling
from tfrl.analysis.evidence import CONFIDENCE


@dataclass(frozen=True)
class Optimism:
    """What choosing the best on `chosen_on` seeds came to, mean over splits of the seeds."""

    configurations: int
    seeds: int
    chosen_on: int
    splits: int
    chosen: float  # score of the chosen one on the seeds that chose it
    rest: float  # its score on the seeds left out
    low: float  # 95% interval of chosen - rest; NaN if there is none
    high: float
    note: str  # why there is none

    @property
    def optimism(self) -> float:
        """By how much the choice looks better than it is."""
        return self.chosen - self.rest


def optimism(scores: np.ndarray, k: int, generator: np.random.Generator) -> Optimism:
    """Chooses the best of m configurations on k of n seeds, and scores it on the others.

    All C(n, k) splits, or some drawn at random if there are many (`resampling.splits`); where
    several are best, the mean over them. The interval is Student's t about the jackknife over
    seeds: the splits overlap, so that their own spread says little.

    Args:
      scores: [n, m], higher is better; 1 <= k < n.
    """
    n, m = scores.shape
    if not 1 <= k < n:
        raise ValueError(f"choosing on {k} of {n} seeds leaves none to score on")
    picked, _ = resampling.splits(n, k, generator)  # [S, n]
    chosen = picked @ scores / k  # [S, m]
    rest = ~picked @ scores / (n - k)
    best = np.isclose(chosen, chosen.max(axis=1, keepdims=True), rtol=1e-12, atol=1e-12)
    best = best / best.sum(axis=1, keepdims=True)
    gained, kept = (best * chosen).sum(axis=1), (best * rest).sum(axis=1)
    # As a U-statistic: the optimism is a mean over pairs of a split and a seed it left out.
    pairs = np.where(picked, 0.0, gained[:, None] - best @ scores.T)  # [S, n]
    low, high = _jackknife(picked, pairs, gained.mean() - kept.mean())
    note = "no spread" if np.isnan(low) else ""
    if n - k < 2:
        note = "one seed left out, so no interval"
    elif (best == best[0]).all() and best[0].max() == 1:
        note = "always the same one"
    return Optimism(m, n, k, len(picked), gained.mean(), kept.mean(), low, high, note)


def _jackknife(picked: np.ndarray, pairs: np.ndarray, centre: float) -> tuple[float, float]:
    """The interval about `centre` from the estimates that leave out one seed each.

    Args:
      picked: bool [S, n].
      pairs: [S, n], 0 where picked.
    """
    n, k = picked.shape[1], int(picked[0].sum())
    if n - k < 2:
        return np.nan, np.nan
    sums = np.where(picked, 0.0, pairs.sum(axis=1, keepdims=True) - pairs).sum(axis=0)
    without = sums / ((~picked).sum(axis=0) * (n - k - 1))  # [n]
    error = np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum())
    if error < 1e-12:
        return np.nan, np.nan
    half = stats.t.ppf((1 + CONFIDENCE) / 2, n - 1) * error
    return float(centre - half), float(centre + half)
