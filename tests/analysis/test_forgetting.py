import numpy as np
import pandas as pd
import pytest

from tests.analysis.test_stability import averages
from tfrl.analysis import forgetting, returns
from tfrl.analysis.returns import RUN

LEVEL = forgetting.failure_limit(475.0, 25.0)  # 80% of the way from 25 to 475: 385


def of_training(*curves):
    """Returns `training_falls` with the threshold 475."""
    frame = averages(*curves)
    return forgetting.training_falls(frame, 475.0, LEVEL, 1_000, window=1).to_dict("records")


def test_falls_by_hand():
    up, between, low = 500.0, 400.0, 100.0
    (row,) = of_training([low, between, up, between, low, between, low, up, up, low])
    # Solved at step 30; down from 50 to 80 (oscillation is one fall), and from 100 to the end.
    assert row["solved"] and row["falls"] == 2 and row["ended_down"]
    assert row["steps_down"] == 30 + 900 and row["share_down"] == pytest.approx(930 / 970)


def test_unsolved_and_steady_runs_have_no_falls():
    never, held, dipped = of_training([100.0] * 5, [100, 500, 500], [100, 500, 390, 500])
    assert not never["solved"] and np.isnan([never["falls"], never["steps_down"]]).all()
    assert held["falls"] == held["steps_down"] == 0 and not held["ended_down"]
    assert dipped["falls"] == 0


def test_averages_of_fewer_episodes_than_the_window_count_neither_as_solved_nor_as_a_fall():
    frame = averages([500.0, 100.0, 400.0, 400.0], [400.0, 100.0, 500.0, 400.0])
    early, late = forgetting.training_falls(frame, 475.0, LEVEL, 40, window=3).to_dict("records")
    assert not early["solved"] and np.isnan(early["falls"])
    assert late["solved"] and late["falls"] == 0 and not late["ended_down"]


def test_a_run_does_not_inherit_the_state_of_the_one_before():
    first, second = of_training([500.0], [100.0, 500.0])
    assert first["falls"] == 0 and second["falls"] == 0 and second["steps_down"] == 0


def test_falls_agree_with_a_naive_loop():
    rng = np.random.default_rng(3)
    curves = [rng.uniform(300, 550, size=rng.integers(1, 60)) for _ in range(40)]
    for row, curve in zip(of_training(*curves), curves, strict=True):
        solved, down, falls, lost, start = False, False, 0, 0, None
        for i, value in enumerate(curve):
            if value >= 475:
                solved, down = True, False
                start = 10 * (i + 1) if start is None else start
            elif solved and value < 385 and not down:
                down, falls = True, falls + 1
            until = 10 * (i + 2) if i + 1 < len(curve) else 1_000
            lost += (until - 10 * (i + 1)) * down
        assert row["solved"] == solved and row["ended_down"] == down
        if solved:
            assert (row["falls"], row["steps_down"]) == (falls, lost)
            assert row["share_down"] == pytest.approx(lost / (1_000 - start))


def test_the_limit_of_negative_returns_is_below_the_threshold():
    low = forgetting.failure_limit(-110.0, -200.0)
    assert low == pytest.approx(-128)
    frame = averages([-200.0, -100.0, -140.0])
    (row,) = forgetting.training_falls(frame, -110.0, low, 30, window=1).to_dict("records")
    assert row["falls"] == 1


def test_the_share_of_seeds_that_forget():
    frame = averages([500.0, 100.0], [500.0, 500.0], [100.0], [500.0, 500.0])
    history = forgetting.training_falls(frame, 475.0, LEVEL, 1_000, window=1)
    (row,) = forgetting.summarise_training(history).to_dict("records")
    assert (row["n"], row["solved"], row["fell"], row["ended_down"]) == (4, 3, 1, 1)
    assert row["share"] == pytest.approx(1 / 3) and row["low"] < 1 / 3 < row["high"]
    assert row["falls"] == 1 and row["steps_down"] == 980 and row["note"] == ""
    for keep, note in (([1, 3], "never fell"), ([2], "never solved")):
        (row,) = forgetting.summarise_training(history[history["seed"].isin(keep)]).to_dict(
            "records"
        )
        assert row["note"] == note and np.isnan(row["falls"])


def evaluated(*curves, policy="greedy", split="held-out"):
    """Returns evaluations of two episodes each, ten above and ten below the curve."""
    rows = [
        (("e", "a", seed), 100 * i, policy, split, value + off)
        for seed, curve in enumerate(curves)
        for i, value in enumerate(curve)
        for off in (-10, 10)
    ]
    runs, step, policies, splits, values = zip(*rows, strict=True)
    return pd.DataFrame(runs, columns=RUN).assign(
        **{"step": step, "policy": policies, "split": splits, "return": values}
    )


def of_policy(frame):
    judged = returns.evaluation_curve(frame)
    return forgetting.summarise_evaluations(forgetting.evaluation_failures(judged, 475.0, LEVEL))


def test_evaluation_failures_by_hand():
    lost, held, dipped, never, late = (
        [20, 480, 384], [20, 480, 386], [480, 20, 470], [20, 474, 20], [20, 300, 475],
    )  # fmt: skip
    frame = evaluated(lost, held, dipped, never, late).sample(frac=1, random_state=0)
    (row,) = of_policy(frame).to_dict("records")
    assert (row["n"], row["solved"], row["fell"], row["share"]) == (5, 4, 1, 1 / 4)
    assert row["failed"] == 2  # including the run that was never solved
    # Wilson's interval of 1 in 4, from R's prop.test(1, 4, correct = FALSE).
    assert (row["low"], row["high"]) == pytest.approx((0.0456, 0.6994), abs=1e-4)


def test_other_policies_and_splits_do_not_count():
    frame = pd.concat(
        [
            evaluated([480, 470]),
            evaluated([480, 20], policy="stochastic"),
            evaluated([480, 20], split="training"),
        ]
    )
    (row,) = of_policy(frame).to_dict("records")
    assert (row["n"], row["solved"], row["fell"]) == (1, 1, 0)
    (row,) = of_policy(evaluated([20, 30])).to_dict("records")
    assert row["solved"] == 0 and np.isnan([row["share"], row["low"], row["high"]]).all()


def test_without_runs_the_results_are_empty():
    assert forgetting.training_falls(averages([1.0]).head(0), 475.0, LEVEL, 100).empty
    assert of_policy(evaluated([1.0]).head(0)).empty
