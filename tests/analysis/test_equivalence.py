"""Equivalence of rerun and published returns, by hand and simulated."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import benchmarks, equivalence


def frame(*cells):
    """Returns the runs of cells (published, stored), each in its own environment."""
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


def test_a_change_by_hand():
    """Changes are 1 to 8: median 4.5; the 95% interval of eight seeds contains all."""
    published, changes = np.linspace(10.0, 500.0, 8), np.arange(1, 9)
    row = judged(published, published + changes, 4.0)
    assert (row["n"], row["change"], row["margin"]) == (8, pytest.approx(4.5), 4)
    assert (row["low"], row["high"]) == (pytest.approx(1), pytest.approx(8))
    assert row["p"] == pytest.approx(2 / 2**8) and row["verdict"] == "a real change"
    assert (row["down"], row["up"]) == (0, 4)
    # All changes are positive and below the margin.
    assert judged(published, published + changes, 9.0)["verdict"] == "equivalent"
    mixed = changes * [1, -1, 1, -1, 1, -1, 1, -1]
    assert judged(published, published + mixed, 9.0)["verdict"] == "equivalent"
    assert judged(published, published - mixed, 9.0)["verdict"] == "equivalent"
    assert judged(published, published + mixed, 4.0)["verdict"] == "undecided"


def test_verdicts_keep_to_their_error_rate():
    """One seed in twenty loses 453; the typical change is 0 or equals the margin."""
    rng = np.random.default_rng(2)
    cells, runs = 500, 10
    seeds = cells * runs
    columns = {"environment": np.repeat(np.arange(cells), runs), "configuration": "c"}
    error = 3 * np.sqrt(0.05 * 0.95 / cells)
    for typical, verdict in ((0.0, "a real change"), (20.0, "equivalent")):
        change = typical + rng.normal(0, 10, seeds) - 453 * (rng.random(seeds) < 0.05)
        # The median of the mixture: 5% of the seeds are far below.
        change -= 10 * stats.norm.ppf(0.45 / 0.95)
        scores = pd.DataFrame(columns | {"published": 480.0, "stored": 480 + change})
        alone = [
            equivalence.judge(own, dict.fromkeys(range(cells), 20.0))["verdict"].item()
            for _, own in scores.groupby("environment")
        ]
        assert np.mean(np.array(alone) == verdict) <= 0.05 + error


def test_all_cells_are_one_family():
    rng = np.random.default_rng(6)
    changes = [rng.normal(1, 1, 10) for _ in range(5)]
    cells = frame(*((np.zeros(10), change) for change in changes))
    table = equivalence.judge(cells, {f"e{number}": 1e-9 for number in range(5)})
    p = np.array([stats.binomtest(int((change > 0).sum()), 10).pvalue for change in changes])
    np.testing.assert_allclose(table["p"], p)
    np.testing.assert_allclose(table["p_corrected"], np.minimum(5 * p, 1))
    assert list(table["verdict"] == "a real change") == list(5 * p < 0.05)
    even = frame(*((np.zeros(10), np.tile([1.0, -1.0], 5)) for _ in range(5)))
    assert (
        equivalence.judge(even, dict.fromkeys(cells["environment"], 9.0))["p_corrected"] == 1
    ).all()


@pytest.mark.parametrize(
    ("changes", "verdict", "note"),
    [
        ([0.0, 0.0, 0.0], "the same", ""),
        ([0.0], "the same", ""),
        ([1e-9], "undecided", "too few seeds"),
        ([5.0] * 5, "undecided", "too few seeds"),
        ([5.0] * 6, "equivalent", ""),
        ([500.0] * 6, "a real change", ""),
    ],
)
def test_notes_explain_missing_tests(changes, verdict, note):
    row = judged(np.zeros(len(changes)), changes, 100.0)
    assert (row["verdict"], row["note"]) == (verdict, note)


def test_without_a_margin_no_cell_is_equivalent():
    row = judged(np.zeros(6), [0.1, -0.1, 0.1, -0.1, 0.1, -0.1], np.nan)
    assert (row["verdict"], row["note"]) == ("undecided", "no margin is known")
    assert judged(np.zeros(6), [9.1, 8.9] * 3, np.nan)["verdict"] == "a real change"


def test_the_margin_is_a_share_of_the_way_from_random_to_solved():
    assert benchmarks.margin("CartPole-v1") == pytest.approx(0.05 * (475 - 22.34))
    assert benchmarks.margin("gymnasium:CartPole-v1") == benchmarks.margin("CartPole-v1")
    assert benchmarks.margin("MountainCar-v0") == pytest.approx(0.05 * 90)
    assert np.isnan(benchmarks.margin("LunarLander-v3"))
    assert all(
        benchmarks.margin(name) > 0
        for name, known in benchmarks.BENCHMARKS.items()
        if known.random is not None
    )


def test_all_runs_are_judged_together_on_the_same_scale():
    rng = np.random.default_rng(4)
    wide, narrow = rng.normal(0, 40, 30), rng.normal(0, 0.04, 30)
    scores = frame((np.zeros(30), wide), (np.zeros(30), narrow), (np.zeros(30), wide))
    margins = {"e0": 20.0, "e1": 0.02, "e2": np.nan}
    row = equivalence.judge_all(scores, margins)
    shares = np.concatenate([0.05 * wide / 20, 0.05 * narrow / 0.02])
    assert (row["n"], row["margin"]) == (60, 0.05)
    assert row["change"] == pytest.approx(np.median(shares))
    assert equivalence.judge_all(scores, dict.fromkeys(margins, np.nan))["n"] == 0


def test_p_values_are_at_most_one_and_changes_equal_to_the_margin_do_not_count():
    cells = [(np.zeros(4), [5.0, -5.0, 5.0, -5.0])] * 3
    table = equivalence.judge(frame(*cells), {f"e{number}": 5.0 for number in range(3)})
    assert (table["p_corrected"] == 1).all() and (table[["down", "up"]] == 0).all(axis=None)
