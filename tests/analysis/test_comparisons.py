import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import aggregates, comparisons

RNG = np.random.default_rng
MARGINS = {"e": 1.0}


def table(**groups):
    """Returns scores of one environment from {configuration: scores}."""
    return pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": map(float, values)})
        for name, values in groups.items()
    ).reset_index(drop=True)


def test_the_probability_of_improvement_is_mann_and_whitneys():
    a, b = RNG(3).integers(0, 5, size=(2, 12)).astype(float)  # with ties
    b = b[:9]
    theirs = stats.mannwhitneyu(a, b).statistic / (12 * 9)
    assert aggregates.improvement(a, b) == pytest.approx(theirs, rel=1e-14)


def test_the_verdicts_on_six_pairs_of_equals_keep_to_the_level_together():
    rng, false = RNG(6), 0
    for _ in range(100):
        drawn = rng.normal(size=(4, 10))
        result = comparisons.compare(table(**dict(zip("abcd", drawn, strict=True))), MARGINS)
        false += (result["verdict"] != "undecided").any()
    assert false / 100 <= 0.07


def test_compare_has_one_complete_row_per_pair():
    rng = RNG(8)
    scores = table(a=rng.normal(5, 1, 9), b=rng.normal(0, 1, 8), c=rng.normal(0, 1, 10))
    result = comparisons.compare(scores, MARGINS)
    assert list(zip(result["a"], result["b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert result["verdict"].tolist() == ["a higher", "a higher", "undecided"]
    assert result[["n_a", "n_b"]].to_numpy().tolist() == [[9, 8], [9, 10], [8, 10]]
    np.testing.assert_allclose(result["p_corrected"], np.minimum(3 * result["p"], 1))
    assert result["size"].tolist() == ["by as much as matters", "by as much as matters", ""]
    assert not result.isna().any().any()
    (row,) = comparisons.compare(scores, MARGINS, [("c", "a"), ("a", "nobody")]).to_dict("records")
    assert row["verdict"] == "b higher" and row["p_corrected"] == row["p"]
    assert row["difference"] == pytest.approx(-result["difference"][1])
    assert row["improvement"] == pytest.approx(1 - result["improvement"][1])


def test_notes_explain_missing_numbers():
    scores = table(cap=[500] * 5, also=[500] * 6, falls=[500, 500, 20, 500, 480], one=[300])
    result = comparisons.compare(scores, MARGINS).set_index(["a", "b"])
    capped = result.loc[("also", "cap")]
    assert capped["difference_note"] == "no spread on either side, so no interval"
    assert (capped["p"], capped["seeds_note"]) == (1.0, "more than 1,000")
    assert capped["improvement"] == 0.5 and capped["verdict"] == "undecided"
    half = result.loc[("cap", "falls")]
    assert half["p"] > 0.05 and half["typical_note"] == "too few seeds"
    assert half["p_note"] == "" and np.isfinite(half["seeds_needed"])
    alone = result.loc[("falls", "one")]
    assert alone["difference_note"] == "an interval needs two values on each side"
    assert alone["p_note"] == "needs two seeds on each side"
    assert alone["seeds_note"] == "needs two seeds on each side"
    assert np.isnan(alone[["improvement_low", "p_corrected"]].to_numpy(float)).all()


def test_a_score_that_is_not_finite_is_an_error():
    with pytest.raises(ValueError, match="score must be a finite number in every run"):
        comparisons.compare(table(a=[1, np.nan], b=[1, 2]), MARGINS)


def test_one_agent_has_no_pairs():
    assert comparisons.compare(table(a=[1, 2, 3]), MARGINS).empty


def test_the_p_value_of_a_pair_does_not_depend_on_other_pairs():
    rng = RNG(9)
    a, b, c = rng.normal(size=(3, 15))
    alone = comparisons.compare(table(a=a, b=b), MARGINS).iloc[0]
    among = comparisons.compare(table(a=a, b=b, c=c), MARGINS).iloc[0]
    assert alone["p"] == among["p"]


def test_a_higher_mean_alone_gives_no_verdict():
    """Two of twenty seeds collapse: the mean is far lower, but most other seeds win."""
    rng = RNG(11)
    steady, risky = rng.normal(480, 5, 20), rng.normal(486, 5, 20)
    risky[:2] = 60.0
    (row,) = comparisons.compare(table(risky=risky, steady=steady), MARGINS).to_dict("records")
    assert row["difference"] < -20
    assert row["verdict"] != "b higher" and row["improvement"] > 0.6


def test_the_size_of_a_difference_depends_on_the_margin():
    a, b = RNG(12).normal([[5.0], [0.0]], 0.1, (2, 12))

    def judged(margin):
        (row,) = comparisons.compare(table(a=a, b=b), {"e": margin}).to_dict("records")
        return row["verdict"], row["size"]

    assert judged(1.0) == ("a higher", "by as much as matters")
    assert judged(9.0) == ("a higher", "by less than matters")
    assert judged(5.0) == judged(np.nan) == ("a higher", "")
    (even,) = comparisons.compare(table(a=a, b=a + 0.01), {"e": 1.0}).to_dict("records")
    assert (even["verdict"], even["size"]) == ("equivalent", "")
    assert -1 < even["typical_low"] < even["typical"] < even["typical_high"] < 1


def test_too_few_seeds_give_no_verdict():
    far = table(a=np.arange(5) + 100, b=np.arange(5))
    (row,) = comparisons.compare(far, MARGINS).to_dict("records")
    assert (row["improvement"], row["verdict"], row["seeds_needed"]) == (1.0, "undecided", 6)
