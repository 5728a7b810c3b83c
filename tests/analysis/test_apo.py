import numpy as np
import pandas as pd
import pytest

from tfrl.analysis import apo
from tfrl.analysis.returns import RUN
from tfrl.analysis.thresholds import THRESHOLDS, threshold


def run(name, seed, returns):
    """Episodes of ten steps each."""
    count = len(returns)
    return pd.DataFrame(
        {"environment": "e", "configuration": name, "seed": seed}
        | {"step": 10 * np.arange(1, count + 1), "episode": np.arange(count)}
        | {"return": np.asarray(returns, float), "length": 10}
    )


def test_measures_of_a_run_that_rises_falls_and_rises():
    returns = np.r_[
        np.full(200, 100.0), np.full(400, 500.0), np.full(100, 300.0), np.full(300, 500.0)
    ]
    (row,) = apo.measures(run("apo", 0, returns), 10_000, 475.0).to_dict("records")
    assert row["early_return"] == 100
    assert row["deepest_fall"] == 475 - 300
    assert row["late_spread"] == pytest.approx(np.std(returns[500:], ddof=1))


def test_without_a_threshold_there_is_no_fall():
    found = apo.measures(run("apo", 0, np.full(1000, 500.0)), 10_000, None)
    assert found["deepest_fall"].isna().all() and found["early_return"].tolist() == [500]


def values(apo_values, ppo_values):
    rows = [("e", "apo", i, *v) for i, v in enumerate(apo_values)]
    rows += [("e", "ppo", i, *v) for i, v in enumerate(ppo_values)]
    return pd.DataFrame(rows, columns=[*RUN, *apo.CLAIMS.values()])


def test_each_claim_has_its_verdict_and_runs_without_a_value_are_counted():
    low = [(10 + i, np.nan if i == 0 else 0.0 + i, 90.0 + i) for i in range(6)]
    high = [(60 + i, 0.5 + i, 20.0 + i) for i in range(6)]
    table = apo.compare(values(low, high), "apo", "ppo").set_index("claim")
    assert table["verdict"].to_dict() == {
        "a": "supported",
        "b1": "inconclusive",
        "b2": "not supported",
    }
    assert table.loc["a", "difference"] == pytest.approx(-50)
    assert (table.loc["b1", "apo_n"], table.loc["b1", "apo_runs"]) == (5, 6)
    assert table.loc["b1", "low"] < table.loc["b1", "difference"] < table.loc["b1", "high"]


def test_no_run_at_all_is_inconclusive():
    table = apo.compare(values([], []), "apo", "ppo")
    assert set(table["verdict"]) == {"inconclusive"}
    assert set(table["note"]) == {"no value on either side"}


def test_thresholds_are_gymnasiums():
    gymnasium = pytest.importorskip("gymnasium")
    registered = {name: gymnasium.spec(name).reward_threshold for name in THRESHOLDS}
    assert registered == THRESHOLDS
    assert threshold("gymnasium:LunarLander-v3") == 200
    assert threshold("Pendulum-v1") is None
