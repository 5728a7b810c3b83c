import gymnasium
import numpy as np
import pandas as pd
import pytest

from tfrl.analysis import apo, benchmarks, returns
from tfrl.analysis.returns import RUN


def run(name, seed, returns):
    """Returns the episodes of a run, ten steps each."""
    count = len(returns)
    return pd.DataFrame(
        {"environment": "e", "configuration": name, "seed": seed}
        | {"step": 10 * np.arange(1, count + 1), "episode": np.arange(count)}
        | {"return": np.asarray(returns, float), "length": 10}
    )


def measures(episodes, status=("finished",), threshold=475.0):
    runs = pd.DataFrame(
        {"environment": "e", "configuration": "apo", "seed": range(len(status)), "status": status}
    )
    averages = returns.moving_average(episodes)
    # One evaluation before every episode.
    judged = averages.assign(average=averages["return"], step=averages["step"] - 10)
    level = None if threshold is None else 384.0
    return apo.measures(judged, averages, runs, 10_000, threshold, level).to_dict("records")


def test_measures_of_a_run_that_rises_falls_and_rises():
    scores = np.r_[
        np.full(201, 100.0), np.full(399, 500.0), np.full(100, 300.0), np.full(300, 500.0)
    ]
    (row,) = measures(run("apo", 0, scores))
    assert row["early_return"] == 100
    # Each training episode returns 100. The area begins with the end of the first, at step 10.
    assert row["early_training_return"] == pytest.approx(100 * 1_990 / 2_000)
    assert row["lost"] == 0
    assert row["late_return"] == pytest.approx(np.mean(scores[500:]))
    assert row["late_spread"] == pytest.approx(np.std(scores[500:], ddof=1))


def test_a_seed_is_lost_if_it_was_solved_and_is_below_the_limit_at_the_last_evaluation():
    def lost(scores, **options):
        (row,) = measures(run("apo", 0, np.repeat(scores, 200)), **options)
        return row["lost"]

    assert lost([100.0, 500, 500, 300]) == 1 and lost([100.0, 500, 300, 400]) == 0
    assert np.isnan(lost([100.0, 400, 400, 300]))  # never solved
    assert np.isnan(lost([100.0, 500, 500, 300], threshold=None))


def test_a_run_that_did_not_finish_keeps_its_row():
    rows = measures(run("apo", 1, np.full(1000, 500.0)), ("failed", "finished", "missing"))
    assert [row["status"] for row in rows] == ["failed", "finished", "missing"]
    assert [row["early_return"] == 500 for row in rows] == [False, True, False]


def test_the_first_claim_is_decided_for_several_beginnings():
    # 1,000 episodes of ten steps each: `apo` returns less in the first hundred, then more.
    slow, fast = np.r_[np.full(100, 10.0), np.full(900, 400.0)], np.full(1000, 100.0)
    episodes = pd.concat(
        run(name, seed, scores + seed)
        for name, scores in (("apo", slow), ("ppo", fast))
        for seed in range(9)
    )
    judged = episodes.rename(columns={"return": "average"})
    trained = episodes.drop_duplicates(RUN).assign(
        early_training_return=lambda runs: runs["configuration"].eq("ppo") + runs["seed"] / 100
    )
    table = apo.beginnings(judged, trained, 10_000, "apo", "ppo").set_index("share")
    assert table["verdict"].to_dict() == {
        0.05: "supported",
        0.1: "supported",
        0.4: "not supported",
        0.2: "supported",
    }
    assert table["returns"].tolist() == ["evaluation"] * 3 + ["training"]
    assert table.loc[0.2, "difference"] == pytest.approx(-1)
    # 10 from step 10 to step 1,000, 400 from step 1,010 on, compared with a constant 100.
    assert table.loc[0.1, "difference"] == pytest.approx(-90 * 990 / 1_000)
    assert table.loc[0.4, "difference"] == pytest.approx(
        (-90 * 990 + 105 * 10 + 300 * 2990) / 4_000
    )


@pytest.mark.parametrize("level", [384.0, None])
def test_without_a_limit_no_seed_is_known_to_be_lost(level):
    episodes = run("apo", 0, np.r_[np.full(500, 480.0), np.full(500, 10.0)])
    averages = returns.moving_average(episodes)
    runs = pd.DataFrame(
        {"environment": ["e"], "configuration": "apo", "seed": 0, "status": "finished"}
    )
    judged = averages.assign(average=averages["return"])
    (row,) = apo.measures(judged, averages, runs, 10_000, 475.0, level).to_dict("records")
    assert np.isnan(row["lost"]) if level is None else row["lost"] == 1


def test_two_seeds_a_side_have_a_share_and_one_has_none():
    two = apo.compare(values([(1.0, 0.0, 1.0, "finished")] * 2, [(2.0, 0.0, 2.0, "finished")] * 2),
                      "apo", "ppo").set_index("claim")  # fmt: skip
    assert two.loc["a", "lower"] == 1 and two.loc["a", "why"] == ""
    one = apo.compare(values([(1.0, 0.0, 1.0, "finished")], [(2.0, 0.0, 2.0, "finished")] * 2),
                      "apo", "ppo").set_index("claim")  # fmt: skip
    assert np.isnan(one.loc["a", "lower"]) and one.loc["a", "why"] != ""


def values(apo_values, ppo_values):
    rows = [("e", "apo", i, *v) for i, v in enumerate(apo_values)]
    rows += [("e", "ppo", i, *v) for i, v in enumerate(ppo_values)]
    measured = [claim.measure for claim in apo.CLAIMS]
    return pd.DataFrame(rows, columns=[*RUN, *measured, "status"]).assign(late_return=400.0)


def test_each_claim_has_its_verdict_and_runs_without_a_value_are_counted():
    low = [(10 + i, np.nan if i == 0 else 1.0, 90.0 + i, "finished") for i in range(9)]
    high = [(60 + i, float(i > 7), 20.0 + i, "finished") for i in range(9)]
    high += [(np.nan, np.nan, np.nan, "failed")]
    table = apo.compare(values(low, high), "apo", "ppo").set_index("claim")
    assert table["verdict"].to_dict() == {
        "a": "supported",
        "b1": "not supported",
        "b2": "not supported",
    }
    assert table.loc["a", "difference"] == pytest.approx(-50)
    counted = ["apo_n", "apo_planned", "apo_nonzero", "ppo_n", "ppo_nonzero", "ppo_planned"]
    assert table.loc["b1", counted].tolist() == [8, 9, 8, 9, 1, 10]
    assert table.loc["b1", ["ppo_finished", "ppo_failed", "ppo_missing"]].tolist() == [9, 1, 0]
    assert table.loc["b1", "low"] < table.loc["b1", "difference"] < table.loc["b1", "high"]


def test_without_runs_the_claims_are_undecided():
    table = apo.compare(values([], []), "apo", "ppo")
    assert set(table["verdict"]) == {"undecided"}
    assert set(table["note"]) == {"no value on either side"}


@pytest.mark.parametrize(
    ("parts", "combined"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "undecided"], "undecided"),
        (["supported", "not supported"], "undecided"),
        (["undecided", "undecided"], "undecided"),
        (["undecided", "not supported"], "not supported"),
        (["not supported", "not supported"], "not supported"),
        (["not supported"], "not supported"),
    ],
)
def test_the_verdict_on_a_claim_of_two_parts(parts, combined):
    assert apo.combine(parts) == apo.combine(parts[::-1]) == combined


def test_thresholds_are_gymnasiums():
    known = {name: one.threshold for name, one in benchmarks.BENCHMARKS.items() if one.threshold}
    assert {name: gymnasium.spec(name).reward_threshold for name in known} == known
    assert benchmarks.get("gymnasium:LunarLander-v3").threshold == 200
    assert benchmarks.get("Pendulum-v1").threshold is None
