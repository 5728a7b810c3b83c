"""The rule behind verdicts: against SciPy, by hand, and where shapes are hardest."""

import numpy as np
import pytest
from scipy import stats

from bench.nulls import NULLS, SIZES
from tfrl.analysis import superiority


def won(wins, trials):
    """Two sides of `trials` scores. The first has no spread and wins that many pairs."""
    return np.zeros(trials), np.where(np.arange(trials) < wins, -1.0, 1.0)


@pytest.mark.parametrize(("wins", "trials"), [(0, 4), (3, 6), (7, 8), (15, 20), (20, 20)])
def test_against_seeds_without_spread_it_is_the_sign_test(wins, trials):
    theirs = stats.binomtest(wins, trials)
    assert superiority.p_value(*won(wins, trials)) == pytest.approx(theirs.pvalue)
    interval = theirs.proportion_ci(method="exact")
    assert superiority.share_interval(*won(wins, trials)) == pytest.approx(
        (interval.low, interval.high)
    )


def test_sides_may_be_exchanged_and_the_side_with_fewer_seeds_counts():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.7, 1, 7), rng.normal(0, 1, 12)
    assert superiority.p_value(a, b) == pytest.approx(superiority.p_value(b, a))
    low, high = superiority.share_interval(a, b)
    assert superiority.share_interval(b, a) == pytest.approx((1 - high, 1 - low))
    share = np.mean(a[:, None] > b)
    expected = (
        stats.binom.sf(np.floor(share * 7) - 1, 7, 0.5),
        stats.binom.sf(np.ceil(share * 7) - 1, 7, 0.5),
    )
    assert 2 * expected[1] <= superiority.p_value(a, b) <= 2 * expected[0]


def test_the_interval_excludes_one_half_where_the_test_decides():
    rng = np.random.default_rng(1)
    decided = 0
    for _ in range(500):
        a, b = rng.normal(rng.normal(0, 1), 1, 12), rng.gamma(2, 1, 10)
        low, high = superiority.share_interval(a, b)
        excluded = low > 0.5 or high < 0.5
        assert excluded == (superiority.p_value(a, b) < 0.05)
        decided += excluded
    assert 50 < decided < 450


def test_no_interval_of_a_single_seed():
    assert np.isnan(superiority.share_interval(np.zeros(1), np.ones(9))).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("null", NULLS)
def test_where_neither_wins_more_often_a_verdict_is_rare_whatever_the_shapes(null, size):
    rng, repetitions = np.random.default_rng(2), 4_000
    a, b = (draw(rng, (repetitions, n)) for draw, n in zip(NULLS[null], size, strict=True))
    found = superiority.p_values(a, b)
    error = 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert np.mean(found < 0.05) <= 0.05 + error
    assert np.mean(found < 0.05 / 6) <= 0.05 / 6 + 3 * np.sqrt(0.01 / repetitions)


@pytest.mark.parametrize("n", [5, 10, 20])
def test_the_interval_holds_shares_other_than_one_half(n):
    rng, truth = np.random.default_rng(3), stats.norm.cdf(1 / np.sqrt(1 + 25))
    held = []
    for _ in range(1_000):
        low, high = superiority.share_interval(rng.normal(1, 1, n), rng.normal(0, 5, n))
        held.append(low <= truth <= high)
    assert np.mean(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 1_000)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 6, 0.05 / 24])
def test_fewer_seeds_than_the_least_can_never_decide(alpha):
    least = superiority.least_seeds(alpha)
    assert superiority.p_value(*won(least, least)) < alpha
    assert superiority.p_value(*won(least - 1, least - 1)) >= alpha


def test_seeds_needed_are_those_that_decide_in_four_of_five_studies():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0.9, 1, 15), rng.gamma(2, 0.5, 15) - 1
    needed = int(superiority.seeds_needed(a, b, 0.01, "key"))
    power = {
        n: np.mean(
            superiority.p_values(rng.choice(a, (4_000, n)), rng.choice(b, (4_000, n))) < 0.01
        )
        for n in (needed // 2, needed)
    }
    assert power[needed] == pytest.approx(0.8, abs=0.06)
    assert power[needed // 2] < 0.6
    assert superiority.seeds_needed(b, a, 0.01, "key") == pytest.approx(needed, rel=0.1)


def test_seeds_needed_at_the_extremes():
    far = np.arange(5.0) + 100, np.arange(5.0)
    assert superiority.seeds_needed(*far, 0.05, "key") == superiority.least_seeds(0.05) == 6
    assert superiority.seeds_needed(far[1], far[1], 0.05, "key") == np.inf
    close = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 2.9])
    assert superiority.seeds_needed(*close, 0.05, "key") == np.inf
