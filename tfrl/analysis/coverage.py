"""In how many of 100 repetitions the nominal 95% intervals hold what they are about.

Measured by simulation, which tests/analysis/test_coverage.py repeats: for scores of three shapes
like those that agents have, and so many seeds. "even" is about normal; of "capped" scores most are
at one and the same limit, as CartPole's 500; of "collapsed" ones a tenth lie far below the others.
No interval does better there without knowing more: seeds that all did well do not tell how many
others collapse.

A share of n seeds is a matter of counts: in how many repetitions Wilson's interval holds it goes up
and down with the share, about 95.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from scipy import stats

from tfrl.analysis.evidence import wilson_interval

SEEDS = (3, 5, 10, 20)
KEPT = (93, 97)  # what counts as 95
SHAPES = ("even", "capped", "collapsed")

# By kind and shape, for each of `SEEDS`, of the intervals that are given; None where none is.
HOLDS: Mapping[str, Mapping[str, tuple[int | None, ...]]] = {
    "mean": {
        "even": (95, 95, 95, 95),
        "capped": (88, 83, 81, 86),
        "collapsed": (65, 47, 65, 84),
    },
    "median": {
        "even": (None, 94, 95, 95),
        "capped": (None, 100, 100, 100),
        "collapsed": (None, 94, 95, 95),
    },
    "IQM": {
        "even": (None, 94, 97, 96),
        "capped": (None, 99, 98, 95),
        "collapsed": (None, 94, 97, 96),
    },
    "tolerance": {
        "even": (95, 95, 95, 95),
        "capped": (99, 100, 100, 99),
        "collapsed": (95, 95, 95, 95),
    },
    "median steps": {"even": (None, 94, 98, 96)},
    "difference": {
        "even": (96, 95, 95, 95),
        "capped": (92, 82, 82, 86),  # of the one three tenths fall short, of the other a tenth
        "collapsed": (73, 56, 65, 85),  # of the one a tenth, of the other none
    },
    "IQM over environments": {
        "even": (None, 96, 96, 95),
        "capped": (None, 94, 94, 95),
        "collapsed": (None, 96, 96, 95),
    },
    "mean over environments": {
        "even": (None, 94, 94, 95),
        "capped": (None, 81, 87, 91),
        "collapsed": (None, 64, 85, 90),
    },
    "optimality gap": {
        "even": (None, 92, 93, 94),
        "capped": (None, 76, 85, 89),
        "collapsed": (None, 67, 84, 92),
    },
    "improvement over environments": {
        "even": (None, 95, 95, 95),
        "capped": (None, 95, 95, 95),
        "collapsed": (None, 81, 93, 94),
    },
    "optimism": {"even": (None, 99, 98, 97)},
}


def measured(count: float) -> int:
    """The number of seeds among `SEEDS` that is nearest to what there is, as a ratio."""
    return min(SEEDS, key=lambda seeds: abs(np.log(seeds / max(count, 1))))


def exceptions(kinds: Iterable[str], count: float) -> dict[str, dict[str, int]]:
    """Which intervals of so many seeds do not hold in about 95 of 100 repetitions.

    Returns:
      By shape, in the order of `SHAPES`, and by kind: in how many they do.
    """
    place = SEEDS.index(measured(count))
    found: dict[str, dict[str, int]] = {}
    for shape in SHAPES:
        for kind in kinds:
            holds = HOLDS[kind].get(shape, (None,) * len(SEEDS))[place]
            if holds is not None and not KEPT[0] <= holds <= KEPT[1]:
                found.setdefault(shape, {})[kind] = holds
    return found


def of_shares(n: int) -> tuple[float, float]:
    """The least and the most of how often Wilson's interval holds a share of n, of 10% to 90%."""
    hits = np.arange(n + 1)
    shares = np.linspace(0.1, 0.9, 801)
    ends = wilson_interval(hits, n)
    inside = (ends[0][:, None] <= shares) & (shares <= ends[1][:, None])
    held = (stats.binom.pmf(hits[:, None], n, shares) * inside).sum(axis=0)
    return float(held.min()), float(held.max())
