"""Shares of failed seeds, compared with full enumeration and published numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import shares


@pytest.mark.parametrize(("n", "m"), [(3, 3), (5, 5), (10, 10), (5, 20)])
def test_the_test_keeps_its_level_for_all_equal_shares(n, m):
    decided = np.array(
        [[shares.p_value(a, n, b, m) < 0.05 for b in range(m + 1)] for a in range(n + 1)]
    )
    for share in np.linspace(0.01, 0.99, 99):
        seen = np.outer(
            stats.binom.pmf(np.arange(n + 1), n, share), stats.binom.pmf(np.arange(m + 1), m, share)
        )
        assert (seen * decided).sum() <= 0.05 + 1e-9


def test_the_test_is_symmetric_and_never_weaker_than_fishers():
    for a in range(11):
        for b in range(11):
            fisher = stats.fisher_exact([[a, b], [10 - a, 10 - b]]).pvalue
            p = shares.p_value(a, 10, b, 10)
            assert p <= fisher + 1e-6
            assert p == pytest.approx(shares.p_value(b, 10, a, 10), abs=1e-6)
    assert shares.p_value(5, 10, 0, 10) < 0.02  # 0.033 by Fisher's test


@pytest.mark.parametrize("hits", [0, 20])
def test_equal_shares_of_none_or_all_do_not_differ(hits):
    assert shares.p_value(hits, 20, hits, 20) == 1


@pytest.mark.parametrize(
    ("counts", "published"),  # Newcombe (1998), table II, method 10
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0000)),
    ],
)
def test_the_interval_agrees_with_published_ones(counts, published):
    assert shares.difference_interval(*counts) == pytest.approx(published, abs=6e-5)


def test_all_pairs_are_one_family():
    counts = pd.DataFrame({"configuration": list("abc"), "n": [10, 10, 10], "failed": [7, 0, 1]})
    result = shares.compare(counts)
    assert list(zip(result["a"], result["b"], strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert result["verdict"].tolist() == ["a more often", "a more often", "undecided"]
    np.testing.assert_allclose(result["p_corrected"], np.minimum(3 * result["p"], 1))
    low, high = shares.difference_interval(7, 10, 0, 10, 1 - 0.05 / 3)
    assert result.loc[0, ["low", "high"]].tolist() == [low, high]
    assert shares.compare(counts.head(1)).empty
