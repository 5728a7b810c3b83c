import numpy as np
import pandas as pd
import pytest

from tfrl.analysis import returns, stability
from tfrl.analysis.returns import RUN


def episodes(**runs):
    """Returns episodes of ten steps from {name: lists of returns, one per seed}."""
    rows = [
        ("e", name, seed, 10 * (i + 1), i, float(value), 10)
        for name, seeds in runs.items()
        for seed, values in enumerate(seeds)
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=[*RUN, "step", "episode", "return", "length"])


def test_moving_average_agrees_with_a_naive_loop():
    rng = np.random.default_rng(0)
    runs = [rng.normal(size=n) for n in (3, 5, 17, 40)]
    frame = episodes(a=runs[:2], b=runs[2:]).sample(frac=1, random_state=1)  # in any order
    result = returns.moving_average(frame, window=5)
    for (_, _, seed), run in result.groupby(RUN):
        values = runs[seed if run["configuration"].iloc[0] == "a" else 2 + seed]
        naive = [values[max(0, i - 4) : i + 1].mean() for i in range(len(values))]
        np.testing.assert_allclose(run["average"], naive, rtol=1e-12)
        assert run["ordinal"].tolist() == list(range(1, len(values) + 1))


def test_moving_average_of_the_cap_is_the_cap():
    averages = returns.moving_average(episodes(a=[[9, 13, *[500] * 300]]))["average"]
    assert averages.iloc[-1] == 500


def test_grid_holds_the_latest_value_and_nothing_before_the_first():
    frame = pd.DataFrame(
        [
            ("e", "a", 0, 10, 1.0),
            ("e", "a", 0, 30, 2.0),
            ("e", "a", 0, 30, 3.0),
            ("e", "a", 1, 25, 7.0),
            ("e", "b", 0, 40, 9.0),
        ],
        columns=[*RUN, "step", "average"],
    )
    result = returns.curves(frame, np.array([0, 10, 20, 30, 40])).table("average")
    expected = [np.nan, 1, 1, 3, 3, *[np.nan] * 3, 7, 7, *[np.nan] * 4, 9]
    np.testing.assert_array_equal(result["average"], expected)
    assert result["step"].tolist() == [0, 10, 20, 30, 40] * 3


def test_centre_stops_where_fewer_than_half_of_the_runs_remain():
    frame = returns.moving_average(episodes(a=[[1, 2], [3, 4, 5, 6], [5, 6, 7, 8], [7, 8, 9]]), 1)
    result = returns.centre(frame, "ordinal")
    assert result["median"].tolist() == [4, 5, 7, 7]
    assert result["runs"].tolist() == [4, 4, 3, 2]
    assert result["complete"].tolist() == [True, True, False, False]
    assert returns.centre(frame, "ordinal", share=0.6)["ordinal"].max() == 3


def test_final_score_is_the_greedy_mean_on_held_out_levels_at_the_last_step():
    rows = [
        ("e", "a", 0, 0, "held-out", "greedy", 0, 9.0),
        ("e", "a", 0, 100, "held-out", "greedy", 0, 400.0),
        ("e", "a", 0, 100, "held-out", "greedy", 1, 500.0),
        ("e", "a", 0, 100, "held-out", "stochastic", 0, 1.0),
        ("e", "a", 0, 100, "training", "greedy", 0, 1.0),
        ("e", "a", 1, 100, "held-out", "greedy", 0, np.nan),
    ]
    columns = [*RUN, "step", "split", "policy", "episode", "return"]
    result = returns.final_scores(pd.DataFrame(rows, columns=columns), 100)
    assert result["score"].iloc[0] == 450 and np.isnan(result["score"].iloc[1])


def test_scores_of_the_last_episodes():
    frame = episodes(a=[[1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [4, 8]])
    assert returns.last_training_scores(frame, 3)["score"].tolist() == [9, 6]
    late = stability.late_returns(frame, steps=100, share=0.5)  # episodes 6 to 10
    assert late["mean"].tolist() == [8] and late["spread"].tolist() == pytest.approx([2.5**0.5])


def judged(*curves, steps):
    """Returns greedy returns at these steps, one run per curve; the other policy returns 7."""
    rows = [
        ("e", "a", seed, step, "held-out", policy, value if policy == "greedy" else 7.0)
        for seed, curve in enumerate(curves)
        for step, value in zip(steps, curve, strict=True)
        for policy in ("greedy", "stochastic")
    ]
    columns = [*RUN, "step", "split", "policy", "return"]
    return returns.evaluation_curve(pd.DataFrame(rows, columns=columns))


def test_area_scores_weight_every_step_equally():
    # Dense at first: 0 at step 0, 10 at 10, 20 at 20, and 20 at 100.
    result = judged([0, 10, 20, 20], [4, 4, 4, 4], steps=(0, 10, 20, 100))
    assert result["ordinal"].tolist() == [1, 2, 3, 4] * 2
    scores = returns.area_scores(result, 100)
    assert scores["score"].tolist() == [(100 / 2 + 150 + 20 * 80) / 100, 4]
    # Up to step 15 it is 15 / 2; up to step 60, 20 from step 20 on.
    assert returns.area_scores(result, 100, 0.15)["score"].tolist() == [7.5, 4]
    expected = (200 + 20 * 40) / 60
    assert returns.area_scores(result, 100, 0.6)["score"][0] == pytest.approx(expected)


def averages(*runs):
    frame = episodes(a=runs)
    return frame.assign(average=frame["return"], ordinal=frame["episode"] + 1)
