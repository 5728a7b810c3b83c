"""Whether runs that are not the same bits still score the same, against SciPy's tests."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import equivalence, thresholds
from tfrl.analysis.comparisons import holm


def frame(*cells):
    """Runs of cells, each given as published and stored returns, in environments of their own."""
    return pd.concat(
        pd.DataFrame(
            {
                "environment": f"e{number}",
                "configuration": "c",
                "seed": range(len(published)),
                "published": np.asarray(published, float),
                "stored": np.asarray(stored, float),
            }
        )
        for number, (published, stored) in enumerate(cells)
    )


def judged(published, stored, margin):
    return equivalence.judge(frame((published, stored)), {"e0": margin}).iloc[0]


def test_by_hand():
    """Changes 1 to 5: mean 3, standard error sqrt(2.5 / 5), four degrees of freedom."""
    published, changes = np.array([10.0, 200.0, 30.0, 4.0, 500.0]), np.arange(1, 6)
    row = judged(published, published + changes, 4.0)
    assert (row["n"], row["change"], row["margin"]) == (5, pytest.approx(3), 4)
    half = 2.776445 * np.sqrt(0.5)  # the table of Student's t
    assert (row["low"], row["high"]) == (pytest.approx(3 - half), pytest.approx(3 + half))
    assert row["p"] == pytest.approx(0.0132357, rel=1e-4)  # of t = 3 / sqrt(0.5)
    assert row["p_equivalent"] == pytest.approx(0.1150998, rel=1e-4)  # of t = -1 / sqrt(0.5)
    assert row["verdict"] == "a real change"
    assert judged(published, published + changes, 5.0)["verdict"] == "equivalent"  # though not 0
    assert judged(published, published - changes, 5.0)["verdict"] == "equivalent"
    assert judged(published, published + changes * [1, -1, 1, -1, 1], 4.0)["verdict"] == (
        "inconclusive"
    )


@pytest.mark.parametrize("shift", [-30.0, 0.0, 7.0])
def test_p_values_are_those_of_scipy(shift):
    rng = np.random.default_rng(1)
    published = rng.normal(300, 80, 12)
    stored = published + rng.normal(shift, 20, 12)
    row = judged(published, stored, 22.6)
    assert row["p"] == pytest.approx(stats.ttest_rel(stored, published).pvalue)
    change = stored - published
    one_sided = [
        stats.ttest_1samp(change, -22.6, alternative="greater").pvalue,
        stats.ttest_1samp(change, 22.6, alternative="less").pvalue,
    ]
    assert row["p_equivalent"] == pytest.approx(max(one_sided))
    interval = stats.ttest_rel(stored, published).confidence_interval(0.95)
    assert (row["low"], row["high"]) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_each_is_wrong_as_often_as_it_says():
    """A change of just the margin is called equivalent, and none a change, in 5% of cases."""
    rng = np.random.default_rng(2)
    cells, runs = 500, 8
    published = rng.normal(300, 80, cells * runs)
    columns = {"environment": np.repeat(np.arange(cells), runs), "configuration": "c"}
    for shift, p in ((0.0, "p"), (20.0, "p_equivalent")):
        stored = published + rng.normal(shift, 10, len(published))
        scores = pd.DataFrame(columns | {"published": published, "stored": stored})
        table = equivalence.judge(scores, dict.fromkeys(range(cells), 20.0))
        assert len(table) == cells
        assert abs((table[p] < 0.05).mean() - 0.05) < 3 * np.sqrt(0.05 * 0.95 / cells)


def test_many_cells_are_corrected_for_a_change_but_not_for_equivalence():
    rng = np.random.default_rng(6)
    changes = [rng.normal(shift, 1, 10) for shift in (0.7, 0.7, 0.7, 0.7, 0.7)]
    table = equivalence.judge(
        frame(*((np.zeros(10), change) for change in changes)),
        {f"e{number}": 1e-9 for number in range(5)},
    )
    p = [stats.ttest_1samp(change, 0).pvalue for change in changes]
    np.testing.assert_allclose(table["p_holm"], holm(np.array(p)))
    assert list(table["verdict"] == "a real change") == list(holm(np.array(p)) < 0.05)
    assert np.count_nonzero(np.array(p) < 0.05) > (table["verdict"] == "a real change").sum() > 0


@pytest.mark.parametrize(
    ("changes", "verdict", "note"),
    [
        ([0.0, 0.0, 0.0], "the same", ""),
        ([0.0], "the same", ""),
        ([1e-9], "inconclusive", "one seed, so no test"),
        ([5.0, 5.0, 5.0], "inconclusive", "no spread, so no test"),
    ],
)
def test_where_there_is_no_test_it_is_said_why(changes, verdict, note):
    row = judged(np.zeros(len(changes)), changes, 100.0)
    assert (row["verdict"], row["note"]) == (verdict, note)
    assert np.isnan(row["low"]) and np.isnan(row["p"]) and np.isnan(row["p_holm"])


def test_without_a_margin_nothing_is_called_equivalent():
    row = judged(np.zeros(4), [0.1, -0.1, 0.1, -0.1], np.nan)
    assert (row["verdict"], row["note"]) == ("inconclusive", "no margin is known")
    assert judged(np.zeros(4), [9.1, 8.9, 9.1, 8.9], np.nan)["verdict"] == "a real change"


def test_the_margin_is_a_share_of_the_way_from_random_to_solved():
    assert equivalence.margin("CartPole-v1") == pytest.approx(0.05 * (475 - 22.34))
    assert equivalence.margin("gymnasium:CartPole-v1") == equivalence.margin("CartPole-v1")
    assert equivalence.margin("MountainCar-v0") == pytest.approx(0.05 * 90)
    assert np.isnan(equivalence.margin("LunarLander-v3"))
    assert all(equivalence.margin(name) > 0 for name in thresholds.RANDOM)


def test_all_runs_together_are_judged_in_shares_of_that_way():
    rng = np.random.default_rng(4)
    wide, narrow = rng.normal(0, 40, 30), rng.normal(0, 0.04, 30)
    scores = frame((np.zeros(30), wide), (np.zeros(30), narrow), (np.zeros(30), wide))
    margins = {"e0": 20.0, "e1": 0.02, "e2": np.nan}
    row = equivalence.together(scores, margins)
    shares = np.concatenate([0.05 * wide / 20, 0.05 * narrow / 0.02])
    assert (row["n"], row["margin"]) == (60, 0.05)
    assert row["change"] == pytest.approx(shares.mean())
    assert row["p"] == pytest.approx(stats.ttest_1samp(shares, 0).pvalue)
    assert equivalence.together(scores, dict.fromkeys(margins, np.nan))["n"] == 0
