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


def test_the_verdicts_on_six_pairs_of_equals_keep_to_the_level_together():
    rng, false = RNG(6), 0
    for _ in range(100):
        drawn = rng.normal(size=(4, 10))
        found = comparisons.compare(table(**dict(zip("abcd", drawn, strict=True))))
        false += (found["verdict"] != "inconclusive").any()
    assert false / 100 <= 0.07


def test_compare_holds_every_pair_once_with_all_its_numbers():
    rng = RNG(8)
    scores = table(a=rng.normal(5, 1, 9), b=rng.normal(0, 1, 8), c=rng.normal(0, 1, 10))
    found = comparisons.compare(scores)
    assert list(zip(found["a"], found["b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found["verdict"].tolist() == ["a higher", "a higher", "inconclusive"]
    assert found[["n_a", "n_b"]].to_numpy().tolist() == [[9, 8], [9, 10], [8, 10]]
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
    assert (capped["p"], capped["seeds_note"]) == (1.0, "more than 1,000")
    assert capped["g_note"] == "no spread on either side"
    assert capped["improvement"] == 0.5 and capped["verdict"] == "inconclusive"
    half = found.loc[("cap", "falls")]
    assert half["p"] > 0.05 and half["g_note"] == half["difference_note"]
    assert half["p_note"] == "" and np.isfinite(half["seeds_needed"])
    alone = found.loc[("falls", "one")]
    assert alone["difference_note"] == "an interval needs two values on each side"
    assert alone["p_note"] == "needs two seeds on each side"
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


def test_a_mean_that_is_higher_decides_nothing_where_seeds_win_as_often():
    """Two of twenty seeds collapse: the mean is far lower, but most of the others win."""
    rng = RNG(11)
    steady, risky = rng.normal(480, 5, 20), rng.normal(486, 5, 20)
    risky[:2] = 60.0
    (row,) = comparisons.compare(table(risky=risky, steady=steady)).to_dict("records")
    assert row["difference"] < -20
    assert row["verdict"] != "b higher" and row["improvement"] > 0.6


def test_no_verdict_where_there_are_too_few_seeds_ever_to_decide():
    far = table(a=np.arange(5) + 100, b=np.arange(5))
    (row,) = comparisons.compare(far).to_dict("records")
    assert (row["improvement"], row["verdict"], row["seeds_needed"]) == (1.0, "inconclusive", 6)
