"""Generalisation across variations: matrix, summaries, map and losses."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.analysis.evaluated import SUCCESS, played
from tfrl.analysis import generalization, overfitting
from tfrl.variations import FIRST_TEST_LEVEL


def test_the_matrix_and_its_summaries_by_hand():
    rates = {"DD": 1.0, "DR": 0.8, "DE": 0.4, "RD": 0.9, "RR": 0.7, "RE": 0.25, "EE": 0.5}
    parts = []
    for cell, rate in rates.items():
        trained, tested = cell
        split = "held-out" if trained == tested else "shifted"
        wins = (np.arange(20) < 20 * rate).astype(float)
        part = played(0, 100, split, tested, wins).assign(environment=trained)
        losses = played(0, 100, "training", trained, np.zeros(20)).assign(environment=trained)
        other = played(0, 100, split, tested, np.zeros(20), "stochastic").assign(
            environment=trained
        )
        parts += [part, losses, other, part.assign(step=50, **{"return": 0.0})]
    scored = overfitting.scores(pd.concat(parts), 1.0).drop_duplicates()
    cells = generalization.matrix(scored, 100)
    assert dict(zip(cells["trained"] + cells["tested"], cells["success"], strict=True)) == rates
    (row,) = generalization.summaries(cells).to_dict("records")
    assert row["default"] == 1.0 and row["interpolation"] == 0.7
    assert row["extrapolation"] == pytest.approx(stats.gmean([0.8, 0.4, 0.25]))


def test_a_summary_with_a_missing_cell_is_nan():
    cells = pd.DataFrame(
        {"configuration": "ppo", "seed": [0, 0, 0, 1], "trained": list("DDDD")}
        | {"tested": ["D", "R", "E", "D"], "success": [1.0, 0.5, 0.0, 1.0]}
    )
    result = generalization.summaries(cells)
    assert result["default"].tolist() == [1, 1]
    assert result[["interpolation", "extrapolation"]].isna().all(axis=None)


def test_averages_over_environments_need_the_seed_in_all_of_them():
    def summary(*defaults):
        seeds = {"configuration": "ppo", "seed": np.arange(len(defaults)), "default": defaults}
        return pd.DataFrame(seeds | {"interpolation": 0.5, "extrapolation": 0.5})

    result = generalization.averaged([summary(1.0, 0.8, 0.6), summary(0.5, 0.2)])
    assert result["default"].tolist()[:2] == [0.75, 0.5] and np.isnan(result["default"].iloc[2])


def test_the_cell_of_a_level_is_its_remainder():
    levels = FIRST_TEST_LEVEL + np.arange(
        205, 405
    )  # two blocks of the grid, with an arbitrary start
    wins = (levels % 100 < 40).astype(float)
    frame = pd.concat(
        [
            played(0, 100, "shifted", "grid", wins, levels=levels),
            played(1, 100, "shifted", "grid", np.ones(200), levels=levels),
            played(0, 50, "shifted", "grid", np.ones(200), levels=levels),
            played(0, 100, "shifted", "grid", np.ones(200), "stochastic", levels=levels),
            played(0, 100, "held-out", "D", np.ones(200)),
        ]
    )
    result = generalization.cells(frame, 1.0, 100, 100).set_index("cell")
    assert len(result) == 100 and (result["n"] == 2).all()
    assert (result.loc[:39, "success"] == 1).all() and (result.loc[40:, "success"] == 0.5).all()


def test_losses_by_hand():
    parts = []
    rates = {("D", "D"): 0.9, ("D", "E"): 0.4, ("E", "E"): 0.6, ("E", "D"): 0.8}
    for seed in (0, 1):
        for (trained, tested), rate in rates.items():
            split = "held-out" if trained == tested else "shifted"
            wins = np.arange(20) < round(20 * (rate - (0.1 * seed if tested == "E" else 0)))
            parts.append(played(seed, 100, split, tested, wins).assign(environment=trained))
    scores = overfitting.scores(pd.concat(parts), 1.0)
    floors = overfitting.floors("CartPole-v0", SUCCESS)
    result = generalization.lost(scores, SUCCESS, floors, {"D": 1.0, "E": 1.0})
    rows = result.set_index(["environment", "seed"])["gap"]
    assert rows["D", 0] == pytest.approx(0.2) and rows["E", 1] == pytest.approx(0.1)
    assert result["learned"].all() and len(result) == 4
    # No run with this number of levels was trained there.
    assert generalization.lost(scores, SUCCESS, floors, {"D": 1.0, "E": 2.0}).empty


@pytest.mark.parametrize(("here", "there", "learned"), [(1, 1, 1), (0, 1, 0), (1, 0, 0), (0, 0, 0)])
def test_a_loss_is_judged_only_if_both_runs_learned(here, there, learned):
    """`here` was trained on D and tested on E; `there` was trained on E."""
    parts = [
        played(0, 100, "held-out", "D", np.full(10, here)).assign(environment="d"),
        played(0, 100, "shifted", "E", np.full(10, 0)).assign(environment="d"),
        played(0, 100, "held-out", "E", np.full(10, there)).assign(environment="e"),
    ]
    scores = overfitting.scores(pd.concat(parts), 1.0)
    floors = overfitting.floors("CartPole-v0", SUCCESS)
    (row,) = generalization.lost(scores, SUCCESS, floors, {"d": 1, "e": 1}).to_dict("records")
    assert row["learned"] == bool(learned) and row["gap"] == there


def test_of_two_environments_with_equal_training_one_is_the_reference():
    parts = [
        played(0, 100, "held-out", "D", np.ones(10)).assign(environment="d"),
        played(0, 100, "shifted", "E", np.zeros(10)).assign(environment="d"),
        played(0, 100, "held-out", "E", np.ones(10)).assign(environment="e"),
        played(0, 100, "held-out", "E", np.ones(10)).assign(environment="e-again"),
    ]
    scores = overfitting.scores(pd.concat(parts), 1.0)
    floors = overfitting.floors("CartPole-v0", SUCCESS)
    result = generalization.lost(scores, SUCCESS, floors, {"d": 1, "e": 1, "e-again": 1})
    assert (result["environment"] == "d").sum() == 1
