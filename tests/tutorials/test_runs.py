"""Runs over seeds, as tables."""

import pytest

from tfrl.tutorials import train, train_runs


@pytest.fixture(scope="module")
def runs():
    return train_runs("reinforce", seeds=[1, 2], steps=200, every=100, episodes=3)


def test_tables_hold_each_seed(runs):
    for table in (runs.episodes, runs.evaluations, runs.losses):
        assert sorted(table["seed"].unique()) == [1, 2]
    assert len(runs.weights) == len(set(runs.weights.values())) == 2
    assert (
        len(runs.evaluations) == 2 * 3 * 3 * 2 * 2
    )  # seeds, evaluations, episodes, policies, splits


def test_the_greedy_policy_has_a_mean_for_each_evaluation(runs):
    greedy = runs.greedy()
    assert greedy["step"].tolist() == [0, 100, 200] * 2
    rows = runs.evaluations[runs.evaluations["seed"] == 2]
    last = rows[
        (rows["step"] == 200) & (rows["policy"] == "greedy") & (rows["split"] == "training")
    ]
    assert greedy["return"].iloc[-1] == last["return"].mean()


def test_train_gives_these_means_again(runs):
    again = train("reinforce", seeds=[2], steps=200, every=100, episodes=3)
    assert again["return"].tolist() == runs.greedy().query("seed == 2")["return"].tolist()
