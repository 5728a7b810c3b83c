import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import reproducibility, resampling
from tfrl.analysis.reproducibility import aa


def scores(**groups):
    return pd.concat(
        pd.DataFrame({"environment": "e", "configuration": name, "score": map(float, values)})
        for name, values in groups.items()
    )


@pytest.mark.parametrize(("n", "splits"), [(4, 3), (10, 126), (20, 92_378), (5, 10)])
def test_every_split_occurs_once(n, splits):
    result = aa(np.random.default_rng(0).normal(size=n))
    assert result.splits == len(result.differences) == splits and result.exact


@pytest.mark.parametrize("n", [4, 7, 10])
def test_differences_and_tests_agree_with_a_naive_loop(n):
    values = np.random.default_rng(n).gamma(0.3, size=n) * 100
    differences, rejected = [], []
    for half in itertools.combinations(range(n), n // 2):
        if n % 2 == 0 and 0 not in half:
            continue
        one, other = values[list(half)], np.delete(values, half)
        differences.append(one.mean() - other.mean())
        rejected.append(stats.ttest_ind(one, other, equal_var=False).pvalue < 0.05)
    result = aa(values)
    np.testing.assert_allclose(np.sort(result.differences), np.sort(differences), atol=1e-10)
    assert result.rejected == pytest.approx(np.mean(rejected), abs=1e-12)


def test_halves_without_variance_are_compared_by_their_means():
    # One split of 500, 500, 20, 20 has no variance in either half and different means.
    result = aa(np.array([500.0, 500, 20, 20]))
    assert sorted(np.abs(result.differences)) == pytest.approx([0, 0, 480])
    assert result.rejected == pytest.approx(1 / 3)


def test_notes_explain_missing_splits():
    assert aa(np.arange(3.0)).note == "needs four seeds" and np.isnan(aa(np.arange(3.0)).rejected)
    constant = aa(np.full(10, 500.0))
    assert constant.rejected == 0 and constant.note == "all 10 seeds equal"


def test_many_seeds_are_split_at_random_with_a_keyed_generator():
    values = np.random.default_rng(1).normal(size=40)
    first, second, other = aa(values, "a"), aa(values, "a"), aa(values, "b")
    assert not first.exact and first.splits == resampling.DRAWN_SPLITS
    np.testing.assert_array_equal(first.differences, second.differences)
    assert first.rejected != other.rejected
    assert first.rejected == pytest.approx(0.05, abs=0.01)


def test_aa_tests_of_normal_scores_reject_at_the_nominal_level():
    result = [aa(values).rejected for values in np.random.default_rng(2).normal(size=(300, 10))]
    assert np.mean(result) <= 0.07


def test_the_table_describes_the_sizes_of_the_differences():
    result = reproducibility.aa_table(scores(a=[0, 0, 4, 8], b=[1])).set_index("configuration")
    # Halves {0, 0}, {0, 4} and {0, 8} minus the rest: 6, 2, 2.
    assert result.loc["a", ["typical", "largest", "splits"]].tolist() == [2, 6, 3]
    assert np.isnan(result.loc["b", "typical"]) and result.loc["b", "note"] == "needs four seeds"


def wrong_winner(a, b, k):
    return reproducibility.wrong_winners(scores(a=a, b=b), [k])["wrong"].item()


def naive(a, b, k):
    """Loops over all choices of k seeds of each."""
    wrong = []
    for one in itertools.combinations(a, k):
        for other in itertools.combinations(b, k):
            difference = np.sign(round(np.mean(one) - np.mean(other), 9))
            wrong.append(0.5 * (1 - difference * np.sign(np.mean(a) - np.mean(b))))
    return np.mean(wrong)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_wrong_winners_agree_with_a_naive_loop(k):
    rng = np.random.default_rng(k)
    a, b = rng.integers(0, 6, 6) / 10, rng.integers(1, 7, 5) / 10  # with ties
    assert wrong_winner(a, b, k) == pytest.approx(naive(a, b, k), abs=1e-12)
    assert wrong_winner(b, a, k) == pytest.approx(wrong_winner(a, b, k))


def test_with_one_seed_it_is_the_probability_of_improvement_of_the_loser():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=20), rng.normal(0.5, size=20)
    u = stats.mannwhitneyu(a, b).statistic / 400
    assert wrong_winner(a, b, 1) == pytest.approx(u if a.mean() < b.mean() else 1 - u)


def test_the_wrong_winner_of_many_seeds_is_drawn():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=30), rng.normal(0.3, size=30)
    result = wrong_winner(a, b, 10)
    assert result == wrong_winner(a, b, 10)
    drawn = [rng.permuted(a)[:10].mean() > rng.permuted(b)[:10].mean() for _ in range(4_000)]
    expected = np.mean(drawn) if a.mean() < b.mean() else 1 - np.mean(drawn)
    assert result == pytest.approx(expected, abs=0.03)


def test_notes_explain_missing_winners():
    frame = scores(a=[500.0] * 3, b=[500.0] * 4, c=[1, 2, 3])
    result = reproducibility.wrong_winners(frame, ks=(1, 5)).set_index(["a", "b", "k"])
    assert result.loc[("a", "b", 1), "note"] == "all seeds together tie"
    assert result.loc[("a", "c", 5), "note"] == "needs 5 seeds on each side"
    assert result.loc[("a", "c", 1), "wrong"] == 0 and result.loc[("a", "c", 1), "note"] == ""
    assert reproducibility.wrong_winners(scores(a=[1, 2])).empty  # one agent


def test_halves_of_one_are_compared_with_halves_of_two_by_enumeration():
    rng = np.random.default_rng(5)
    one, other = rng.normal(0, 1, 6), rng.normal(1, 1, 6)
    split = reproducibility.aa(one, "key")
    halves = list(itertools.combinations(range(6), 3))
    apart = [abs(one[list(a)].mean() - other[list(b)].mean()) for a in halves for b in halves]
    expected = np.mean(np.abs(split.differences)[:, None] >= np.array(apart))
    result = reproducibility.as_far(split, one, other, "key")
    assert result == pytest.approx(expected, abs=0.02)
    assert reproducibility.as_far(split, one, one + 1e6, "key") == 0
    assert np.isnan(reproducibility.as_far(reproducibility.aa(one[:3]), one, other, "key"))
