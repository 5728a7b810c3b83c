"""How often the nominal 95% intervals hold what they are about: every number of `HOLDS`.

"even" scores are about normal. Of "capped" ones most are at one and the same limit, as CartPole's
500. Of "collapsed" ones a tenth lie far below the others. A case is a kind of interval, a shape of
scores and a number of seeds. Where the table says 93% to
97% that is what has to come out, elsewhere the number that it has, but for three standard errors of
so many repetitions.
"""

import functools
import zlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import (
    aggregates,
    efficiency,
    evidence,
    resampling,
    selection,
)

SEEDS = (3, 5, 10, 20)
NOMINAL = (93, 97)  # in percent: agrees with 95

# By kind and shape, for each of `SEEDS`, of the intervals that are given; None where none is.
HOLDS = {
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

REPETITIONS, FEW = 2_000, 500
RESAMPLES = 500
TARGET = {"even": 0.5, "capped": 490.0, "collapsed": 390.0}  # of the optimality gap


def draw(shape, rng, *size):
    """Scores of two agents of a shape: of the better one, and of the one that is judged alone."""
    if shape == "even":
        return rng.normal(1, 2, size), rng.normal(size=size)
    if shape == "capped":  # at 500, which one tenth and three tenths fall short of
        missed = [(rng.random(size) < share) * rng.exponential(by, size)
                  for share, by in ((0.1, 10), (0.3, 40))]  # fmt: skip
        return 500 - missed[0], 500 - missed[1]
    usual, low = rng.normal(400, 10, size), rng.uniform(100, 300, size)
    return rng.normal(420, 10, size), np.where(rng.random(size) < 0.1, low, usual)


@functools.cache
def everyone(shape):
    """Scores of so many seeds that what they come to is taken for the truth."""
    return draw(shape, np.random.default_rng(1), 1_000_000)


def within(ends, truth):
    """Of the intervals that there are, which hold the truth."""
    low, high = np.array(ends, float).T
    given = np.isfinite(low)
    return (low[given] <= truth + 1e-9) & (truth - 1e-9 <= high[given])


def one_agent(statistic, interval):
    def held(rng, shape, n):
        ends = [interval(scores, rng) for scores in draw(shape, rng, REPETITIONS, n)[1]]
        return within(ends, statistic(everyone(shape)[1]))

    return held


def two_agents(statistic, interval):
    def held(rng, shape, n):
        ends = [interval(a, b) for a, b in zip(*draw(shape, rng, REPETITIONS, n), strict=True)]
        return within(ends, statistic(*everyone(shape)))

    return held


def iqm_interval(scores, rng):
    return evidence.bootstrap_interval(scores, evidence.iqm, rng, RESAMPLES)


def welch_interval(a, b):
    found = evidence.welch(a, b)
    return found.low, found.high


def improvement(a, b):
    """How likely one of a is above one of b, ties one half."""
    ordered, asked = np.sort(b), a[:100_000]
    ends = [np.searchsorted(ordered, asked, side) for side in ("left", "right")]
    return np.mean(ends) / len(b)


def over_environments(statistic):
    """Of an agent, on two environments of a shape."""

    def held(rng, shape, n):
        found = functools.partial(statistic, target=TARGET[shape])
        ends = []
        for strata in draw(shape, rng, FEW, 2, n)[1]:
            draws = resampling.bootstrap(strata, found, rng, RESAMPLES)
            ends.append(resampling.percentiles(draws, [n, n], 0.95))
        return within(ends, found(everyone(shape)[1]))

    return held


def improvement_over_environments(rng, shape, n):
    def statistic(drawn):
        a, c, b, d = np.split(drawn, 4, axis=-1)
        return (aggregates.improvement(a, b) + aggregates.improvement(c, d)) / 2

    ends = []
    for a, b in zip(*draw(shape, rng, FEW, 2, n), strict=True):
        draws = resampling.bootstrap([*a, *b], statistic, rng, RESAMPLES)
        ends.append(resampling.percentiles(draws, [n] * 4, 0.95))
    return within(ends, improvement(*everyone(shape)))


def tolerance(rng, shape, n):
    """Whether the content that is stated is held."""
    everybody = np.sort(everyone(shape)[1])
    found = [evidence.tolerance_interval(own) for own in draw(shape, rng, REPETITIONS, n)[1]]
    low = np.searchsorted(everybody, [one.low for one in found], "left")
    high = np.searchsorted(everybody, [one.high for one in found], "right")
    return (high - low) / len(everybody) >= found[0].content


def optimism(rng, shape, n):
    """Of choosing the best of four equals on two seeds."""
    found = [selection.optimism(one, 2, rng) for one in rng.normal(size=(FEW, n, 4))]
    return within([(each.low, each.high) for each in found], 1.0294 / np.sqrt(2))


def median_steps(rng, shape, n):
    """Exactly: by the order of the seeds whose times are the ends."""
    times = pd.DataFrame({"environment": "e", "configuration": "a", "time": 1.0 + np.arange(n)})
    curve = efficiency.solved(times.assign(event="first", unit="steps", end=n + 1.0))
    (row,) = efficiency.medians(curve).to_dict("records")
    return stats.binom.pmf(range(int(row["low"]), int(row["high"])), n, 0.5).sum()


HELD = {
    "mean": one_agent(np.mean, lambda scores, _: evidence.t_interval(scores)),
    "median": one_agent(np.median, lambda scores, _: evidence.median_interval(scores)),
    "IQM": one_agent(evidence.iqm, iqm_interval),
    "tolerance": tolerance,
    "median steps": median_steps,
    "difference": two_agents(lambda a, b: a.mean() - b.mean(), welch_interval),
    "IQM over environments": over_environments(lambda x, target: evidence.iqm(x)),
    "mean over environments": over_environments(lambda x, target: aggregates.mean(x)),
    "optimality gap": over_environments(aggregates.optimality_gap),
    "improvement over environments": improvement_over_environments,
    "optimism": optimism,
}

CASES = [(kind, shape) for kind, shapes in HOLDS.items() for shape in shapes]


def test_every_kind_of_interval_is_measured():
    assert HOLDS.keys() == HELD.keys()


@pytest.mark.parametrize(("kind", "shape"), CASES)
def test_intervals_hold_as_often_as_is_said(kind, shape):
    for n, said in zip(SEEDS, HOLDS[kind][shape], strict=True):
        if said is None:
            continue
        rng = np.random.default_rng([n, zlib.crc32(f"{kind}, {shape}".encode())])
        held = np.asarray(HELD[kind](rng, shape, n), float)
        error = 3 * held.std() / np.sqrt(held.size) + 0.005
        low, high = NOMINAL if NOMINAL[0] <= said <= NOMINAL[1] else (said, said)
        assert low / 100 - error <= held.mean() <= high / 100 + error, (n, said, held.mean())


def test_where_scores_are_about_normal_no_interval_of_five_seeds_or_more_is_far_from_95():
    for kind, shapes in HOLDS.items():
        assert all(92 <= said <= 100 for said in shapes["even"][1:]), kind
