import numpy as np
import pandas as pd
import pytest

from tfrl.analysis import returns, stability
from tfrl.analysis.returns import RUN
from tfrl.analysis.stability import iqr, lower_cvar, quantile

PUBLISHED = np.array([-1, 2, 3.5, 5, 2, 1, 1.5, 3, 1.5, 6, 2])


def averages(*curves, step=10):
    """Returns runs of one configuration with one value per episode of `step` environment steps."""
    parts = [
        pd.DataFrame(
            {"environment": "e", "configuration": "a", "seed": seed}
            | {"step": step * np.arange(1, len(curve) + 1), "average": np.asarray(curve, float)}
            | {"ordinal": np.arange(1, len(curve) + 1)}
        )
        for seed, curve in enumerate(curves)
    ]
    return pd.concat(parts, ignore_index=True)


def over_time(*curves):
    """Returns measures of curves of 100 values, one per point of the grid."""
    return stability.over_time(averages(*curves), 1_000).to_dict("records")


def test_the_published_tail():
    assert -lower_cvar(-PUBLISHED[None], 0.1) == [5.5]
    drawdown = np.fmax.accumulate(PUBLISHED) - PUBLISHED
    np.testing.assert_array_equal(drawdown, [0, 0, 0, 0, 3, 4, 3.5, 2, 3.5, 0, 4])


@pytest.mark.parametrize(("n", "lowest"), [(1, 1), (20, 1), (21, 2), (40, 2), (41, 3)])
def test_a_tail_is_the_lowest_twentieth_rounded_up(n, lowest):
    values = np.random.default_rng(n).permutation(n).astype(float)
    padded = np.concatenate([[np.nan], values, [np.nan]])  # NaNs do not count
    assert lower_cvar(padded[None]) == pytest.approx((lowest - 1) / 2)


def test_a_tail_does_not_include_all_values_equal_to_its_edge():
    values = np.concatenate([np.full(3, -10.0), np.zeros(97)])
    assert lower_cvar(values[None]) == pytest.approx(-30 / 5)


def test_quantiles_agree_with_numpy_without_nans():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50, 31))
    values[rng.random(values.shape) < 0.3] = np.nan
    for q in (0.0, 0.05, 0.5, 0.95, 1.0):
        np.testing.assert_allclose(quantile(values, q), np.nanquantile(values, q, axis=1))
    assert np.isnan(quantile(np.full((1, 4), np.nan), 0.5)).all()
    np.testing.assert_allclose(
        iqr(values), np.diff(np.nanquantile(values, [0.25, 0.75], axis=1), axis=0)[0]
    )


def test_long_term_risk_of_a_collapse_is_its_depth():
    rise = np.linspace(20, 500, 60)
    collapse, monotone = over_time(np.r_[rise, np.full(40, 20.0)], np.linspace(0, 500, 100))
    assert collapse["long_risk"] == collapse["drawdown"] == 480
    assert monotone["long_risk"] == monotone["drawdown"] == 0
    assert monotone["dispersion"] == pytest.approx(0) and monotone["note"] == ""
    assert monotone["short_risk"] == pytest.approx(500 / 99)
    assert collapse["short_risk"] == pytest.approx((-480 + 4 * 0) / 5)


def test_the_deepest_fall_of_a_known_curve():
    curve = np.repeat([100.0, 150, 90, 120, 80, 200], [20, 20, 20, 20, 10, 10])
    (row,) = over_time(curve)
    assert row["drawdown"] == row["long_risk"] == 70 and row["range"] == 100


def test_dispersion_agrees_with_a_naive_loop():
    rng = np.random.default_rng(1)
    curves = np.cumsum(rng.normal(1, 3, size=(4, 100)), axis=1)
    for row, y in zip(over_time(*curves), curves, strict=True):
        change = np.diff(y)
        windows = [change[i : i + 10] for i in range(len(change) - 9)]
        spreads = [np.subtract(*np.quantile(window, [0.75, 0.25])) for window in windows]
        span = np.quantile(y, 0.95) - y[0]
        assert row["dispersion"] == pytest.approx(np.median(spreads) / span)
        assert row["range"] == pytest.approx(span)


@pytest.mark.parametrize("curve", [np.full(100, 500.0), np.linspace(500, 20, 100)])
def test_a_curve_that_never_rises_has_a_note_and_no_dispersion(curve):
    (row,) = over_time(curve)
    assert np.isnan(row["dispersion"]) and row["note"] == "the curve does not rise"
    assert row["long_risk"] >= 0 and np.isfinite(row["short_risk"])


def test_runs_of_unequal_length_share_a_grid():
    # The second run's episodes all end late, where its curve begins.
    late = averages(np.linspace(0, 1, 50), step=2)
    late["step"] += 900
    late["seed"] = 1
    frame = pd.concat([averages(np.arange(100.0)), late], ignore_index=True)
    first, second = stability.over_time(frame, 1_000).to_dict("records")
    assert first["range"] == pytest.approx(0.95 * 99)
    assert second["note"] == "the curve is too short" and second["drawdown"] == 0


def test_the_spread_across_runs():
    frame = averages(*[np.full(10, float(value)) for value in range(5)])
    result = stability.across_runs(frame, 100)
    assert result["step"].tolist() == [20, 40, 60, 80, 100] and (result["n"] == 5).all()
    assert (result["iqr"] == 2).all() and (result["cvar"] == 0).all()
    alone = stability.across_runs(averages(np.ones(10)), 100)
    assert alone["iqr"].isna().all() and (alone["note"] == "needs two seeds").all()


def evaluations(runs):
    """Returns evaluations from {seed: [returns at step 0, returns at step 100, ...]}."""
    rows = [
        ("e", "a", seed, 100 * i, "held-out", "greedy", episode, float(value))
        for seed, evaluated in runs.items()
        for i, returns in enumerate(evaluated)
        for episode, value in enumerate(returns)
    ]
    return pd.DataFrame(rows, columns=[*RUN, "step", "split", "policy", "episode", "return"])


def test_the_spread_across_the_episodes_of_the_final_policy():
    frame = evaluations({0: [[9], [0, 1, 2, 3, 4]], 1: [[9], [5, 5, 7]]})
    other = frame.assign(policy="stochastic", **{"return": 99.0})
    result = stability.across_rollouts(pd.concat([frame, other]), 100, "greedy")
    assert result["episodes"].tolist() == [5, 3]
    assert result["iqr"].tolist() == [2, 1] and result["cvar"].tolist() == [0, 5]


def test_the_best_checkpoint_is_scored_by_episodes_that_did_not_select_it():
    # The second is best by the even episodes; by the odd ones it equals the last.
    result = stability.best_and_last(
        evaluations(
            {
                0: [[0, 0, 0, 0], [9, 3, 9, 3], [5, 3, 5, 3]],
                1: [[0, 0], [500, 500], [500, 500]],  # of ties, the latest
                2: [[0, 0], [500, 480], [20, 30]],
            }
        ),
        "greedy",
    )
    assert result["best_step"].tolist() == [100, 200, 100]
    assert result["best"].tolist() == [3, 500, 480] and result["last"].tolist() == [3, 500, 30]
    assert result["difference"].tolist() == [0, 0, 450]


def test_equal_checkpoints_differ_by_nothing_on_other_episodes():
    rng = np.random.default_rng(2)
    equals = {seed: rng.normal(size=(10, 20)) for seed in range(200)}
    difference = stability.best_and_last(evaluations(equals), "greedy")["difference"]
    assert abs(difference.mean()) < 4 * difference.std() / np.sqrt(200)


def test_a_summary_counts_the_runs_without_a_value():
    frame = stability.over_time(averages(np.arange(100.0), np.full(100, 5.0)), 1_000)
    (row,) = stability.summary(frame, "dispersion").to_dict("records")
    assert (row["runs"], row["n"], row["note"]) == (2, 1, "no interval: one seed")


def test_without_runs_the_results_are_empty():
    none = averages([1.0]).head(0)
    assert stability.over_time(none, 100).empty and stability.across_runs(none, 100).empty
    empty = evaluations({0: [[1.0]]}).head(0)
    assert stability.across_rollouts(empty, 100, "greedy").empty
    assert stability.best_and_last(empty, "greedy").empty
    assert returns.area_scores(none, 100).empty
