import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tfrl.analysis import aggregates, benchmarks, evidence, resampling

PUBLISHED = np.array([[1.0, 2], [2, 2], [1, 1], [2, 1]])  # runs x environments


def scores(**matrices):
    """Returns scores from {configuration: runs x environments}."""
    return pd.concat(
        pd.DataFrame({"environment": f"e{task}", "configuration": name, "score": column})
        for name, matrix in matrices.items()
        for task, column in enumerate(np.asarray(matrix, float).T)
    )


def test_aggregates_of_published_scores():
    (row,) = aggregates.across(scores(a=PUBLISHED)).to_dict("records")
    assert row["iqm"] == row["mean"] == 1.5 and row["optimality_gap"] == 0
    assert row["n"] == 8 and row["environments"] == 2
    assert row["note"] == "no interval: fewer than 5 seeds" and np.isnan(row["iqm_low"])


def test_the_optimality_gap_by_hand():
    assert aggregates.optimality_gap(np.array([0.5, 1.5, 0.9])) == pytest.approx(0.2)
    assert aggregates.optimality_gap(np.array([[1.0, 2.0], [0, 0]]), 2.0).tolist() == [0.5, 2]


def test_scores_are_normalised_by_fixed_anchors_and_unknown_environments_left_out():
    frame = scores(a=[[22.34, -200, 7], [475, -110, 8], [500, -155, 9]])
    anchors = {
        "e0": benchmarks.anchors("CartPole-v1"),
        "e1": benchmarks.anchors("gymnasium:MountainCar-v0"),
    }
    result = aggregates.normalise(frame, anchors)
    assert result["score"].tolist() == pytest.approx([0, 1, (500 - 22.34) / 452.66, 0, 1, 0.5])
    assert benchmarks.anchors("Maze-v0") == (0.336, 1.0)
    assert benchmarks.anchors("LunarLander-v3") is None is benchmarks.anchors("Unknown-v0")
    assert aggregates.normalise(frame, {}).empty


def test_seeds_are_resampled_within_their_environment():
    # Each environment is constant: stratified resamples are all equal, pooled ones would differ.
    strata = [np.zeros(6), np.ones(4)]
    rng = np.random.default_rng(0)
    assert np.ptp(resampling.bootstrap(strata, aggregates.mean, rng, 1_000)) == 0
    unequal = [np.arange(3.0), 10 + np.arange(5.0)]
    drawn = resampling.bootstrap(unequal, lambda x: x, rng, 4_000)
    assert drawn.shape == (4_000, 8)
    assert set(drawn[:, :3].ravel()) == {0, 1, 2} and set(drawn[:, 3:].ravel()) == set(unequal[1])
    counts = np.bincount(drawn[:, :3].astype(int).ravel())
    assert stats.chisquare(counts).pvalue > 0.001


def test_failed_runs_leave_environments_of_unequal_size():
    frame = scores(a=np.random.default_rng(1).normal(size=(8, 3)))[:-2]
    (row,) = aggregates.across(frame).to_dict("records")
    assert row["n"] == 22 and row["iqm"] == pytest.approx(
        stats.trim_mean(frame["score"], 0.25), rel=1e-12
    )
    assert row["iqm_low"] < row["iqm"] < row["iqm_high"]
    with pytest.raises(ValueError, match="score must be a finite number in every run"):
        aggregates.across(frame.assign(score=np.nan))


def test_constant_scores_have_a_note_and_no_interval():
    (row,) = aggregates.across(scores(a=np.ones((9, 2)))).to_dict("records")
    assert row["note"] == "no interval: all seeds equal" and np.isnan(row["mean_high"])
    profile = aggregates.performance_profile(scores(a=np.ones((9, 2))), np.array([0.5, 1.0]))
    assert profile["share"].tolist() == [1, 0] and profile["low"].isna().all()


def test_a_profile_is_the_share_above_each_tau():
    matrix = np.random.default_rng(2).normal(size=(10, 4))
    taus = np.linspace(-2, 2, 9)
    result = aggregates.performance_profile(scores(a=matrix, b=matrix + 1), taus)
    own = result[result["configuration"] == "a"]
    np.testing.assert_allclose(own["share"], stats.ecdf(matrix.ravel()).sf.evaluate(taus))
    assert (own["low"] <= own["share"]).all() and (own["share"] <= own["high"]).all()
    by = aggregates.performance_profile(scores(a=matrix), taus, ["environment", "configuration"])
    assert len(by) == 4 * 9 and (by["n"] == 10).all()
    assert aggregates.performance_profile(scores(a=matrix).head(0), taus).empty


def test_improvement_over_environments_is_the_mean_of_mann_and_whitneys():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 4, (7, 3)), rng.integers(0, 4, (6, 3))
    expected = [stats.mannwhitneyu(x, y).statistic / 42 for x, y in zip(a.T, b.T, strict=True)]
    frame = scores(a=a, b=b)
    result = aggregates.improvement_across(frame, "a", "b")
    assert result.estimate == pytest.approx(np.mean(expected), rel=1e-12)
    assert result.low < result.estimate < result.high
    nobody = aggregates.improvement_across(frame, "a", "c")
    assert np.isnan(nobody.estimate) and nobody.note == "no environment has runs of both"


def test_fifty_thousand_repetitions_of_the_iqm_take_half_a_second():
    strata = list(np.random.default_rng(5).normal(size=(10, 20)))
    seconds = []
    for _ in range(3):
        begun = time.process_time()
        resampling.bootstrap(strata, evidence.iqm, np.random.default_rng(0), 50_000)
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.5


def test_the_global_generator_is_not_used():
    before = np.random.get_state()  # noqa: NPY002
    frame = scores(a=np.random.default_rng(6).normal(size=(8, 2)))
    first, second = aggregates.across(frame), aggregates.across(frame)
    pd.testing.assert_frame_equal(first, second)
    after = np.random.get_state()  # noqa: NPY002
    assert (before[1] == after[1]).all() and before[2:] == after[2:]
