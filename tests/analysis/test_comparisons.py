import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from tfrl.analysis import aggregates, comparisons

RNG = np.random.default_rng


def table(**groups):
    """Scores of one environment from {configuration: scores}."""
    return pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": map(float, values)})
        for name, values in groups.items()
    ).reset_index(drop=True)


@pytest.mark.parametrize(("n", "m"), [(4, 4), (5, 6), (3, 7)])
def test_the_exact_permutation_p_is_scipys(n, m):
    rng = RNG(n)
    a, b = rng.normal(0, 1, n), rng.gamma(2, 1, m)

    def welch(x, y, axis):
        return np.abs(stats.ttest_ind(x, y, axis=axis, equal_var=False).statistic)

    theirs = stats.permutation_test(
        (a, b), welch, n_resamples=np.inf, alternative="greater", vectorized=True
    )
    p, note = comparisons.permutation_p(a, b, "key")
    assert p == pytest.approx(theirs.pvalue, rel=1e-12) and note == ""


def test_with_equal_sizes_it_is_the_test_of_the_plain_difference():
    rng = RNG(1)
    a, b = rng.normal(size=(2, 6))
    pooled, hits = np.concatenate([a, b]), 0
    splits = list(itertools.combinations(range(12), 6))
    for split in splits:
        picked = np.isin(range(12), split)
        difference = abs(pooled[picked].mean() - pooled[~picked].mean())
        hits += difference >= abs(a.mean() - b.mean()) - 1e-12
    assert comparisons.permutation_p(a, b, "")[0] == pytest.approx(hits / len(splits))


def test_a_drawn_p_is_near_the_exact_one_and_never_zero():
    a, b = RNG(2).normal([[0.8], [0.0]], size=(2, 9))
    exact = stats.permutation_test(
        (a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=np.inf, vectorized=True
    ).pvalue
    assert comparisons.permutation_p(a, b, "x")[0] == pytest.approx(exact, abs=0.01)
    apart, _ = comparisons.permutation_p(np.arange(20.0), np.arange(100.0, 120.0), "x")
    assert apart == pytest.approx(1 / 20_001)


def test_holm_by_hand_and_what_is_not_a_number_does_not_count():
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1: .04, .06, .06, .06.
    p = np.array([0.03, 0.01, np.nan, 0.04, 0.02])
    np.testing.assert_allclose(comparisons.holm(p), [0.06, 0.04, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(comparisons.holm(np.array([0.9, 0.8])), [1, 1])


def test_hedges_g_by_hand_and_its_interval_by_the_noncentral_t():
    a, b = np.array([3.0, 4, 5, 6, 7]), np.array([1.0, 2, 3, 4, 5])
    # d = 2 / sqrt(2.5); J(8) = gamma(4) / (2 gamma(3.5)) = 0.902701.
    found = comparisons.hedges_g(a, b)
    d = 2 / np.sqrt(2.5)
    assert found.estimate == pytest.approx(d * special.gamma(4) / (2 * special.gamma(3.5)))
    assert found.estimate == pytest.approx(1.264911 * 0.902701, rel=1e-5)
    t, scale = d / np.sqrt(0.4), np.sqrt(0.4)
    assert stats.nct.cdf(t, 8, found.low / scale) == pytest.approx(0.975, abs=1e-6)
    assert stats.nct.cdf(t, 8, found.high / scale) == pytest.approx(0.025, abs=1e-6)
    mirrored = comparisons.hedges_g(b, a)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_the_probability_of_improvement_is_mann_and_whitneys():
    a, b = RNG(3).integers(0, 5, size=(2, 12)).astype(float)  # with ties
    b = b[:9]
    theirs = stats.mannwhitneyu(a, b).statistic / (12 * 9)
    assert aggregates.improvement(a, b) == pytest.approx(theirs, rel=1e-14)


def test_newcombes_interval_solves_his_equation():
    # 2 of 100 pairs the wrong way round: the ends are where |theta - .98| = z sqrt(V(theta)).
    a, b = np.arange(10.0) + 9.5, np.arange(10.0)
    a[0] = 7.5
    low, high = comparisons.improvement_interval(a, b)
    for theta in (low, high):
        more = 9 * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        error = np.sqrt(theta * (1 - theta) / 100 * (1 + more))
        assert abs(theta - 0.98) == pytest.approx(stats.norm.ppf(0.975) * error, rel=1e-6)
    assert 0 < low < 0.98 < high < 1


def test_all_apart_still_has_a_width():
    low, high = comparisons.improvement_interval(np.arange(5.0) + 10, np.arange(5.0))
    assert 0.4 < low < 0.8 and high == 1
    assert comparisons.improvement_interval(np.arange(5.0), np.arange(5.0) + 10) == pytest.approx(
        (0, 1 - low)
    )


def test_seeds_needed_are_the_published_ones():
    # Colas et al. 2018; any textbook's table of the two-sample t-test.
    effects = np.array([0.5, 0.8, 1.0, 2.0, -0.5])
    assert comparisons.seeds_needed(effects).tolist() == [64, 26, 17, 6, 64]


def test_seeds_needed_among_several_pairs_are_those_of_the_corrected_level():
    rng = RNG(10)
    four = dict(zip("abcd", rng.normal(size=(4, 8)), strict=True))
    found = comparisons.compare(table(**four))
    first = found.iloc[0]
    effect = (first["mean_a"] - first["mean_b"]) / np.sqrt(
        (four["a"].var(ddof=1) + four["b"].var(ddof=1)) / 2
    )
    expected = comparisons.seeds_needed(np.array([effect]), 0.05 / 6)
    assert first["seeds_needed"] == expected[0]
    (alone,) = comparisons.compare(table(**four), [("a", "b")])["seeds_needed"]
    assert alone == comparisons.seeds_needed(np.array([effect]))[0] < first["seeds_needed"]


def test_seeds_needed_at_the_extremes():
    found = comparisons.seeds_needed(np.array([0.0, 1e-3, 100.0, np.nan]))
    assert found[:3].tolist() == [np.inf, np.inf, 2] and np.isnan(found[3])


@pytest.mark.parametrize(("n", "effect", "alpha"), [(5, 1.5, 0.05), (17, 1.0, 0.05), (27, 1, 0.01)])
def test_power_is_how_often_scipys_t_test_rejects(n, effect, alpha):
    rng = RNG(4)
    a, b = rng.normal(size=(2, 4_000, n))
    found = np.mean(stats.ttest_ind(a + effect, b, axis=1).pvalue < alpha)
    assert comparisons.power(np.array(effect), np.array(n), alpha) == pytest.approx(found, abs=0.03)


def test_a_true_null_is_rejected_in_at_most_seven_percent_at_five_seeds():
    rng, false = RNG(5), {"normal": 0, "collapses": 0}
    for _ in range(1_000):
        drawn = {
            "normal": rng.normal(size=(2, 5)),
            "collapses": np.where(rng.random((2, 5)) < 0.2, 300 * rng.random((2, 5)), 500.0),
        }
        for name, (a, b) in drawn.items():
            false[name] += comparisons.permutation_p(a, b, name)[0] < 0.05
    assert max(false.values()) <= 70


def test_the_verdicts_on_six_pairs_of_equals_keep_to_the_level_together():
    rng, false = RNG(6), 0
    for _ in range(300):
        drawn = rng.normal(size=(4, 5))
        found = comparisons.compare(table(**dict(zip("abcd", drawn, strict=True))))
        false += (found["verdict"] != "inconclusive").any()
    assert false / 300 <= 0.07


def test_compare_holds_every_pair_once_with_all_its_numbers():
    rng = RNG(8)
    scores = table(a=rng.normal(5, 1, 6), b=rng.normal(0, 1, 5), c=rng.normal(0, 1, 7))
    found = comparisons.compare(scores)
    assert list(zip(found["a"], found["b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found["verdict"].tolist() == ["a higher", "a higher", "inconclusive"]
    assert found[["n_a", "n_b"]].to_numpy().tolist() == [[6, 5], [6, 7], [5, 7]]
    assert (found["p_holm"] >= found["p"]).all()
    assert not found.drop(columns=["g_note"]).isna().any().any()
    (row,) = comparisons.compare(scores, [("c", "a"), ("a", "nobody")]).to_dict("records")
    assert row["verdict"] == "b higher" and row["p_holm"] == row["p"]
    assert row["difference"] == pytest.approx(-found["difference"][1])
    assert row["improvement"] == pytest.approx(1 - found["improvement"][1])


def test_words_where_a_comparison_has_no_number():
    scores = table(cap=[500] * 5, also=[500] * 6, falls=[500, 500, 20, 500, 480], one=[300])
    found = comparisons.compare(scores).set_index(["a", "b"])
    capped = found.loc[("also", "cap")]
    assert capped["difference_note"] == "no spread on either side, so no interval"
    assert capped["p_note"] == "all scores equal, so no test"
    assert capped["g_note"] == capped["seeds_note"] == "no spread on either side"
    assert capped["improvement"] == 0.5 and capped["verdict"] == "inconclusive"
    half = found.loc[("cap", "falls")]
    assert half["p"] > 0.05 and half["g_note"] == half["difference_note"]
    assert half["p_note"] == "" and np.isfinite(half["seeds_needed"])
    alone = found.loc[("falls", "one")]
    assert alone["difference_note"] == "an interval needs two values on each side"
    assert alone["p_note"] == "a test needs two seeds on each side"
    assert alone["g_note"] == alone["seeds_note"] == "needs two seeds on each side"
    assert np.isnan(alone[["improvement_low", "p_holm"]].to_numpy(float)).all()


def test_no_score_is_dropped():
    with pytest.raises(ValueError, match="not a finite number"):
        comparisons.compare(table(a=[1, np.nan], b=[1, 2]))


def test_one_agent_alone_has_nothing_to_compare():
    assert comparisons.compare(table(a=[1, 2, 3])).empty


def test_a_pair_is_judged_the_same_whatever_else_is_compared():
    rng = RNG(9)
    a, b, c = rng.normal(size=(3, 15))
    alone = comparisons.compare(table(a=a, b=b)).iloc[0]
    among = comparisons.compare(table(a=a, b=b, c=c)).iloc[0]
    assert alone["p"] == among["p"]
