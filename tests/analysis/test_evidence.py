import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import evidence, resampling


def test_iqm_of_published_scores():
    # Agarwal et al. 2021: mean, median and IQM of these are all 1.5.
    scores = np.array([[1, 2], [2, 2], [1, 1], [2, 1]]).ravel()
    assert evidence.iqm(scores) == evidence.median(scores) == scores.mean() == 1.5


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 19, 20])
def test_iqm_is_scipys_trimmed_mean(n):
    scores = np.random.default_rng(n).normal(size=(6, n))
    np.testing.assert_allclose(
        evidence.iqm(scores), stats.trim_mean(scores, 0.25, axis=1), rtol=1e-13
    )


def test_t_interval_of_two():
    # mean 1, standard error 1, t(0.975, 1) = 12.7062
    assert evidence.t_interval(np.array([0.0, 2.0])) == pytest.approx((-11.7062, 13.7062), abs=1e-4)


def test_t_interval_of_one_to_five():
    # mean 3, standard error sqrt(0.5), t(0.975, 4) = 2.776445
    low, high = evidence.t_interval(np.arange(1.0, 6.0))
    assert (low, high) == pytest.approx((3 - 2.776445 * 0.5**0.5, 3 + 2.776445 * 0.5**0.5))


def test_welch_of_students_sleep_data():
    # R's documentation of t.test(extra ~ group, data = sleep).
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    result = evidence.welch(first, second)
    assert result.estimate == pytest.approx(0.75 - 2.33)
    assert (result.low, result.high) == pytest.approx((-3.3654832, 0.2054832), abs=1e-7)
    assert result.low < 0 < result.high


def test_bootstrap_is_scipys_within_monte_carlo_error():
    scores = np.random.default_rng(3).gamma(2, 100, size=20)
    ours = evidence.bootstrap_interval(
        scores, evidence.iqm, np.random.default_rng(0), repetitions=40_000
    )
    theirs = stats.bootstrap(
        (scores,),
        lambda x, axis: stats.trim_mean(x, 0.25, axis=axis),
        n_resamples=40_000,
        confidence_level=resampling.expanded([20], 0.95),
        method="percentile",
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert ours == pytest.approx((theirs.low, theirs.high), abs=0.03 * np.ptp(ours))


@pytest.mark.parametrize("sizes", [[5], [20], [10, 10], [5, 20, 7]])
def test_expanded_percentiles_of_a_normal_mean_are_students_interval(sizes):
    # Resampled means of normal scores have the standard error sigma / sqrt(n), divisor n in sigma.
    n, freedom = sum(sizes), sum(sizes) - len(sizes)
    sigma = 2.0
    resampled = stats.norm(0, sigma * np.sqrt(freedom / n) / np.sqrt(n))
    end = resampled.ppf((1 + resampling.expanded(sizes, 0.95)) / 2)
    assert end == pytest.approx(stats.t.ppf(0.975, freedom) * sigma / np.sqrt(n))


@pytest.mark.parametrize(
    ("n", "low", "high"), [(5, 1, 5), (9, 2.2279, 7.7721), (20, 6.2352, 14.7648)]
)
def test_the_interval_of_the_median_lies_between_ordered_scores(n, low, high):
    # Scores 1, 2, ..., n. For n = 9: coverage is .9609 at d = 2 and .8203 at d = 3, so 95% is .0775
    # of the way by probability and 7 * .0775 / (2 + 5 * .0775) = .2272 of it by score.
    result = evidence.median_interval(np.random.default_rng(0).permutation(n) + 1.0)
    assert result == pytest.approx((low, high), abs=1e-3)
    assert np.isnan(evidence.median_interval(np.arange(4.0))).all()


def test_intervals_depend_on_the_key_and_not_on_the_global_generator():
    scores = np.random.default_rng(3).normal(size=12)
    before = np.random.get_state()  # noqa: NPY002
    first, second = (evidence.describe(scores, "return", "apo") for _ in range(2))
    after = np.random.get_state()  # noqa: NPY002
    assert first == second != evidence.describe(scores, "return", "ppo")
    assert before[0] == after[0] and (before[1] == after[1]).all() and before[2:] == after[2:]


def excludes_zero(draws):
    """Returns the share of samples in which Welch's interval excludes 0."""
    result = [evidence.welch(a, b) for a, b in draws]
    return np.mean([one.low > 0 or one.high < 0 for one in result])


def test_welch_keeps_its_level_for_equal_distributions():
    rng = np.random.default_rng(0)
    assert excludes_zero(rng.gamma(2, size=(2, 5)) for _ in range(2_000)) < 0.07


def test_welch_fails_for_rare_and_deep_falls():
    # Both agents lose 20 on average: one loses 400 in a twentieth of its runs, the other up to 80
    # in half of them. 36% of samples contain no deep fall.
    rng = np.random.default_rng(0)
    draws = (
        (
            np.where(rng.random(20) < 0.05, 400.0, rng.random(20)),
            (rng.random(20) < 0.5) * rng.uniform(0, 81.9, 20),
        )
        for _ in range(2_000)
    )
    assert 0.30 < excludes_zero(draws) < 0.40


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        ([], [1, 2], "no value on one side"),
        ([1], [1, 2], "an interval needs two values on each side"),
        ([500, 500], [500, 500], "no spread on either side, so no interval"),
        ([0, 0, 0], [0, 0, 90], "no spread on one side, so no interval"),
    ],
)
def test_a_difference_without_an_interval_says_why(a, b, note):
    difference = evidence.welch(np.array(a, float), np.array(b, float))
    assert difference.note == note and np.isnan([difference.low, difference.high]).all()


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 7), (20, 18)])
def test_welch_is_scipys(n, m):
    rng = np.random.default_rng(n)
    a, b = rng.normal(3, 2, n), rng.gamma(2, 5, m)
    theirs = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    ours = evidence.welch(a, b)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-12)


@pytest.mark.parametrize(
    ("scores", "note"),
    [
        ([], "no score"),
        ([7], "no interval: one seed"),
        ([500] * 20, "all 20 seeds equal"),
        ([1, 2, 3], "no interval: fewer than 5 seeds"),
        ([1, 2, 3, 4, 5], ""),
    ],
)
def test_notes_explain_missing_intervals(scores, note):
    row = evidence.describe(np.array(scores, float))
    assert row["note"] == note
    assert np.isnan(row["median_low"]) == bool(note)


def test_failed_and_missing_runs_are_counted_and_no_score_is_dropped():
    runs = pd.DataFrame(
        {
            "environment": "e",
            "configuration": ["a"] * 4 + ["b"],
            "seed": [0, 1, 2, 3, 0],
            "status": ["finished", "finished", "failed", "missing", "failed"],
        }
    )
    scores = pd.DataFrame({"environment": "e", "configuration": "a", "seed": [0], "score": [3.0]})
    table = evidence.summarise(scores, runs, "return").set_index("configuration")
    counted = ["planned", "finished", "failed", "missing", "n"]
    assert table.loc["a", counted].tolist() == [4, 2, 1, 1, 1]
    assert table.loc["b", counted].tolist() == [1, 0, 1, 0, 0]
    assert table.loc["b", "note"] == "no score"
    with pytest.raises(ValueError, match="return must be a finite number in every run"):
        evidence.summarise(scores.assign(score=np.nan), runs, "return")


def test_an_interval_stays_the_same_when_another_agent_is_added():
    drawn = np.random.default_rng(0).normal(size=(2, 8))
    scores = pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": values})
        for name, values in zip("ab", drawn, strict=True)
    ).reset_index(drop=True)
    runs = scores.assign(status="finished")
    both = evidence.summarise(scores, runs, "return").set_index("configuration")
    alone = scores["configuration"] == "b"
    one = evidence.summarise(scores[alone], runs[alone], "return").set_index("configuration")
    assert both.loc["b"].equals(one.loc["b"])


@pytest.mark.parametrize(("n", "content"), [(20, 0.784), (10, 0.606), (5, 0.343)])
def test_content_between_the_extremes_of_few_seeds(n, content):
    # Wilks 1941: 1 - n c^(n-1) + (n-1) c^n is the confidence of a content of at least c.
    scores = np.random.default_rng(0).permutation(n).astype(float)
    result = evidence.tolerance_interval(scores)
    assert (result.low, result.high) == (0, n - 1) and result.content == pytest.approx(
        content, abs=1e-3
    )
    c = result.content
    assert 1 - n * c ** (n - 1) + (n - 1) * c**n == pytest.approx(0.95)
    assert result.note == f"{n} seeds hold {content:.0%}, too few for 90%"


def test_a_tolerance_interval_of_90_percent_takes_46_seeds():
    assert evidence.tolerance_interval(np.arange(45.0)).note
    result = evidence.tolerance_interval(np.arange(46.0))
    assert (result.low, result.high, result.note) == (0, 45, "") and result.content >= 0.9
    many = evidence.tolerance_interval(np.arange(200.0))
    assert 0 < many.low < 10 and many.high == 199 - many.low and many.content >= 0.9


def test_one_seed_has_no_tolerance_interval_and_constant_seeds_have_one():
    assert evidence.tolerance_interval(np.array([3.0])).note == "needs two seeds"
    result = evidence.tolerance_interval(np.full(20, 500.0))
    assert result.low == result.high == 500


def test_wilsons_interval_agrees_with_scipy_and_is_nan_without_trials():
    hits = np.array([0, 1, 7, 20])
    theirs = [stats.binomtest(int(k), 20).proportion_ci(method="wilson") for k in hits]
    ours = evidence.wilson_interval(hits, 20)
    np.testing.assert_allclose(ours.T, [(one.low, one.high) for one in theirs], atol=1e-12)
    assert np.isnan(evidence.wilson_interval(np.array([0]), 0)).all()
