"""The sign test: compared with SciPy, by hand, and simulated for the hardest distributions."""

import numpy as np
import pytest
from scipy import stats

from bench.nulls import NULLS, SIZES, typical
from tfrl.analysis import sign_test
from tfrl.analysis.sign_test import Differences


def won(wins, trials):
    """Returns two sides of `trials` scores: the first is constant and wins `wins` pairs."""
    return np.zeros(trials), np.where(np.arange(trials) < wins, -1.0, 1.0)


@pytest.mark.parametrize(("wins", "trials"), [(0, 4), (3, 6), (7, 8), (15, 20), (20, 20)])
def test_against_constant_seeds_it_is_scipys_sign_test(wins, trials):
    theirs = stats.binomtest(wins, trials)
    assert Differences.between(*won(wins, trials)).p == pytest.approx(theirs.pvalue)
    interval = theirs.proportion_ci(method="exact")
    assert Differences.between(*won(wins, trials)).share_interval() == pytest.approx(
        (interval.low, interval.high)
    )


def test_the_test_is_symmetric_and_uses_the_smaller_number_of_seeds():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.7, 1, 7), rng.normal(0, 1, 12)
    assert Differences.between(a, b).p == pytest.approx(Differences.between(b, a).p)
    low, high = Differences.between(a, b).share_interval()
    assert Differences.between(b, a).share_interval() == pytest.approx((1 - high, 1 - low))
    share = np.mean(a[:, None] > b)
    expected = (
        stats.binom.sf(np.floor(share * 7) - 1, 7, 0.5),
        stats.binom.sf(np.ceil(share * 7) - 1, 7, 0.5),
    )
    assert 2 * expected[1] <= Differences.between(a, b).p <= 2 * expected[0]


def test_the_share_interval_excludes_one_half_if_the_test_rejects():
    rng = np.random.default_rng(1)
    decided = 0
    for _ in range(500):
        a, b = rng.normal(rng.normal(0, 1), 1, 12), rng.gamma(2, 1, 10)
        low, high = Differences.between(a, b).share_interval()
        excluded = low > 0.5 or high < 0.5
        assert excluded == (Differences.between(a, b).p < 0.05)
        decided += excluded
    assert 50 < decided < 450


@pytest.mark.parametrize("margin", [0.5, 2.0, 9.0])
def test_exchanging_the_sides_reverses_the_verdict(margin):
    a, b = np.random.default_rng(10).normal([[2.0], [0.0]], 0.3, (2, 12))
    side, size = Differences.between(a, b).verdict(margin)
    assert (side, size) == (
        "higher",
        {0.5: sign_test.AS_MUCH, 2.0: "", 9.0: sign_test.LESS}[margin],
    )
    assert Differences.between(b, a).verdict(margin) == ("lower", size)


def test_two_seeds_have_a_share_interval():
    low, high = Differences.between(*won(2, 2)).share_interval()
    assert (low, high) == (pytest.approx(0.025**0.5), 1)


def test_one_seed_has_no_share_interval():
    assert np.isnan(Differences.between(np.zeros(1), np.ones(9)).share_interval()).all()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("null", NULLS)
def test_the_test_keeps_its_level_for_all_shapes(null, size):
    rng, repetitions = np.random.default_rng(2), 4_000
    a, b = (draw(rng, (repetitions, n)) for draw, n in zip(NULLS[null], size, strict=True))
    result = sign_test.p_values(a, b)
    error = 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert np.mean(result < 0.05) <= 0.05 + error
    assert np.mean(result < 0.05 / 6) <= 0.05 / 6 + 3 * np.sqrt(0.01 / repetitions)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("null", NULLS)
def test_the_interval_covers_the_typical_difference_for_all_shapes(null, size):
    rng, repetitions = np.random.default_rng(6), 500
    truth, covered, finite = typical(NULLS[null]), 0, 0
    for _ in range(repetitions):
        a, b = (draw(rng, n) for draw, n in zip(NULLS[null], size, strict=True))
        low, high = Differences.between(a, b).interval()
        finite += np.isfinite(low)
        covered += not (truth < low - 1e-2 or truth > high + 1e-2)
    assert finite in (0, repetitions) and (finite > 0) == (min(size) >= 6)
    assert covered / repetitions >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / repetitions)


@pytest.mark.parametrize("n", [6, 10, 20])
@pytest.mark.parametrize("null", ["normal, spread 1 and 5", "lognormal and normal"])
def test_verdicts_on_size_keep_to_their_level(null, n):
    """The typical difference equals the margin."""
    rng, repetitions, margin = np.random.default_rng(7), 1_000, 0.5
    shift = margin - typical(NULLS[null])
    result = []
    for _ in range(repetitions):
        a, b = (draw(rng, n) for draw in NULLS[null])
        result.append(Differences.between(a + shift, b).verdict(margin))
    error = 3 * np.sqrt(0.05 * 0.95 / repetitions)
    assert result.count((sign_test.EQUIVALENT, "")) / repetitions <= 0.025 + error
    assert result.count((sign_test.HIGHER, sign_test.AS_MUCH)) / repetitions <= 0.025 + error


def test_within_seeds_it_is_scipys_sign_test_and_the_interval_of_the_median():
    changes = np.random.default_rng(8).normal(0.4, 1, 15)
    result = Differences.within(changes)
    assert result.p == pytest.approx(stats.binomtest(int((changes > 0).sum()), 15).pvalue)
    ordered = np.sort(changes)
    assert result.interval() == (ordered[3], ordered[-4])  # 96.5%; the next narrower one, 88.2%
    assert Differences.within(changes[:5]).interval() == pytest.approx((np.nan,) * 2, nan_ok=True)
    assert result.typical == np.median(changes)


def test_the_interval_excludes_zero_if_the_test_rejects():
    rng = np.random.default_rng(9)
    for _ in range(300):
        a, b = rng.normal(rng.normal(0, 1), 1, 11), rng.normal(0, 1, 14)
        result = Differences.between(a, b)
        low, high = result.interval(0.99)
        assert (low > 0 or high < 0) == (result.p < 0.01)
        assert result.verdict(alpha=0.01)[0] != "undecided" or result.p >= 0.01


@pytest.mark.parametrize("n", [5, 10, 20])
def test_the_share_interval_covers_other_shares(n):
    rng, truth = np.random.default_rng(3), stats.norm.cdf(1 / np.sqrt(1 + 25))
    covered = []
    for _ in range(1_000):
        low, high = Differences.between(rng.normal(1, 1, n), rng.normal(0, 5, n)).share_interval()
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 1_000)


@pytest.mark.parametrize("alpha", [0.05, 0.05 / 6, 0.05 / 24])
def test_fewer_than_the_least_seeds_never_give_a_verdict(alpha):
    least = sign_test.least_seeds(alpha)
    assert Differences.between(*won(least, least)).p < alpha
    assert Differences.between(*won(least - 1, least - 1)).p >= alpha


def test_seeds_needed_give_a_power_of_80_percent():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0.9, 1, 15), rng.gamma(2, 0.5, 15) - 1
    needed = int(sign_test.seeds_needed(a, b, 0.01, "key"))
    power = {
        n: np.mean(sign_test.p_values(rng.choice(a, (4_000, n)), rng.choice(b, (4_000, n))) < 0.01)
        for n in (needed // 2, needed)
    }
    assert power[needed] == pytest.approx(0.8, abs=0.06)
    assert power[needed // 2] < 0.6
    assert sign_test.seeds_needed(b, a, 0.01, "key") == pytest.approx(needed, rel=0.1)


def test_seeds_needed_at_the_extremes():
    far = np.arange(5.0) + 100, np.arange(5.0)
    assert sign_test.seeds_needed(*far, 0.05, "key") == sign_test.least_seeds(0.05) == 6
    assert sign_test.seeds_needed(far[1], far[1], 0.05, "key") == np.inf
    close = np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.0, 1.0, 2.0, 2.9])
    assert sign_test.seeds_needed(*close, 0.05, "key") == np.inf
