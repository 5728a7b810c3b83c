"""Reports of unusual studies."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tfrl.harness.studies.study import Environment
from tfrl.report import render

from . import synthetic
from .reading import no_nan


def page(found, folder):
    return no_nan(render(found, folder))


def table(folder, name):
    return pd.read_csv(folder / f"tables/{name}.csv")


def test_a_study_without_runs(tmp_path):
    text = page(synthetic.empty(synthetic.study(seeds=2)), tmp_path)
    assert "0/8 runs finished; 8 not there yet" in text and "No run has finished." in text


def test_one_seed(tmp_path):
    planned = synthetic.study(seeds=1, steps=20_000)
    text = page(synthetic.results(planned, failed=()), tmp_path)
    assert "One seed of each agent is too few for any verdict." in text and "incomplete" not in text


def test_three_seeds_too_short_for_a_moving_average(tmp_path):
    planned = synthetic.study(seeds=3, steps=1_000, every=500)
    found = synthetic.results(planned, failed=(), missing=())
    text = page(found, tmp_path)
    assert "Three seeds of each agent are too few for any verdict." in text
    assert "With this many pairs, a verdict takes 8 seeds of each agent" in text


def test_constant_scores(results, tmp_path):
    flat = results.evaluations.assign(**{"return": 500.0})
    text = page(replace(results, evaluations=flat), tmp_path)
    assert "All agents are equivalent here." in text and "all 19 seeds equal" in text
    assert "No two halves of any agent's seeds differ" in text
    assert "No seed ended low." in text


def test_one_agent_that_wins_every_time(results, tmp_path):
    ends = results.evaluations["configuration"] == "apo"
    returns = np.where(ends, 500.0, 100.0 + results.evaluations["seed"])
    text = page(
        replace(results, evaluations=results.evaluations.assign(**{"return": returns})), tmp_path
    )
    assert "APO ends best for sure." in text
    assert "Three pairs are sure. In the closest, APO's seeds beat" in text
    pairs = table(tmp_path, "cartpole-who_ends_best-pairs")
    assert (pairs.loc[pairs["b"] == "apo", "verdict"] == "b higher").all()
    assert "by as much as matters" in text


def test_a_score_that_is_not_a_number_is_never_dropped(results, tmp_path):
    evaluations = results.evaluations.copy()
    mine = (evaluations["configuration"] == "apo") & (evaluations["seed"] == 4)
    evaluations.loc[mine, "return"] = np.nan
    with pytest.raises(ValueError, match="must be a finite number"):
        render(replace(results, evaluations=evaluations), tmp_path)


def test_a_study_with_only_failed_runs_shows_the_errors(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=2, steps=1_000, every=500)
    failed = [("ppo", 0), ("ppo", 1), ("apo", 0), ("apo", 1)]
    text = page(synthetic.results(planned, failed=failed, missing=()), tmp_path)
    assert "0/4 runs finished; 4 failed" in text and text.count(synthetic.ERROR) == 4


def test_failed_runs_of_one_side_are_counted_among_the_claims(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=6, steps=20_000)
    found = synthetic.results(planned, failed=[("ppo", 1)], missing=[("apo", 0), ("apo", 2)])
    text = page(found, tmp_path)
    assert "0 of APO's runs and 1 of PPO's crashed and have no value." in text
    claims = table(tmp_path, "cartpole-does_the_talk_hold")
    assert claims[["apo_n", "ppo_n"]].iloc[0].tolist() == [4, 5]
    ledger = table(tmp_path, "the_runs-ledger")
    assert "All 12 9 1 2" in text and f"{ledger['total_seconds'].sum():.1f}" in text


def test_settings_that_differ_from_the_defaults_stand_apart(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-fast"), seeds=2, steps=1_000, every=500)
    fast = replace(planned.configurations[2], hyperparameters={"learning_rate": 0.01})
    planned = replace(planned, configurations=(*planned.configurations[:2], fast))
    text = page(synthetic.results(planned, failed=(), missing=()), tmp_path)
    assert "ppo-fast (ppo) learning_rate = 0.01 " in text and "PPO (ppo) nothing" in text
    settings = table(tmp_path, "the_runs-settings")
    differing = settings[settings["value"] != settings["default"]]
    assert differing["configuration"].tolist() == ["ppo-fast"]


def test_the_claims_name_the_settings_and_the_pair(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-too"), seeds=2, steps=1_000, every=500)
    stock, apo, plain = planned.configurations
    stock = replace(stock, hyperparameters={"stock_agent": True})
    apo = replace(apo, hyperparameters={"anchor_weight": 0.5})
    three = replace(planned, configurations=(stock, apo, plain))
    text = page(synthetic.results(three, failed=(), missing=()), tmp_path)
    assert "APO and ppo-too: " in text and "The study has several configurations of PPO" in text
    assert "This study sets its own (K = 4, beta = 0.5, batch of anchors = 64)" in text
    two = replace(planned, configurations=(stock, planned.configurations[1]))
    text = page(synthetic.results(two, failed=(), missing=()), tmp_path)
    assert (
        "Ours (K = 4, beta = 1, batch of anchors = 64) were fixed before any reported seed" in text
    )
    assert "Here, PPO is TF-Agents' agent as it is" in text


def test_runs_with_different_provenance_give_a_notice(tmp_path):
    found = synthetic.empty(synthetic.study(("ppo", "apo"), seeds=2))
    makers = ({"numpy": "2.0"}, {"numpy": "2.1"}, {"numpy": "2.1"})
    found = replace(found, provenances=makers, notices=("Made by other code.",))
    text = page(found, tmp_path)
    assert (
        "Not all runs have the same code and machine: numpy 2.1 for 2 and 2.0 for 1. Some diff"
        in text
    )
    assert "Made by other code." in text


def test_two_environments_unknown_pipelines_and_no_apo(tmp_path):
    planned = synthetic.study(("dqn", "dqn-slow", "mine"), seeds=5, steps=20_000, environments=3)
    planned = replace(
        planned,
        environments=(*planned.environments[:2], Environment("cartpole-2", "gymnasium:Mine-v0")),
    )
    index = render(synthetic.results(planned, failed=(), missing=()), tmp_path)
    text = no_nan(index)
    assert "APO" not in text and "Which agent is better over all environments?" in text
    left = "since no random policy's return or threshold is known: gymnasium:Mine-v0."
    assert left in text
    assert "This environment has no agreed threshold" in text
    assert (index.parent / "figures/cartpole-2-how_unstable-strip.svg").is_file()


def test_without_a_threshold_no_seed_can_have_lost_it(tmp_path):
    planned = replace(
        synthetic.study(("ppo", "apo"), seeds=5, steps=20_000),
        environments=(Environment("cartpole", "Mine-v0"),),
    )
    text = page(synthetic.results(planned, failed=(), missing=()), tmp_path)
    assert "No threshold is known here, so no seed can be said to have failed." in text
    assert table(tmp_path, "cartpole-does_the_talk_hold")["claim"].tolist() == ["a", "b2"]


def test_one_agent_is_compared_with_nothing(tmp_path):
    planned = synthetic.study(("ppo",), seeds=6, steps=20_000)
    text = page(synthetic.results(planned, failed=(), missing=()), tmp_path)
    assert "Only one agent has scores, so there is nothing to compare." in text
    assert "First beats second" not in text and "wo halves of" in text


def test_one_seed_of_one_agent(tmp_path):
    planned = synthetic.study(("ppo",), seeds=1, steps=20_000)
    text = page(synthetic.results(planned, failed=(), missing=()), tmp_path)
    assert "no interval: one seed" in text and "it takes four seeds of an agent" in text


def test_an_agent_with_only_failed_runs_is_counted(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=5, steps=20_000)
    failed = [("apo", seed) for seed in range(5)]
    text = page(synthetic.results(planned, failed=failed, missing=()), tmp_path)
    assert "APO 0 of 5 no score" in text and "nothing to compare" in text


def test_curves_that_never_rise_and_runs_of_unequal_length(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=8, steps=60_000)
    found = synthetic.results(planned, failed=(), missing=())
    flat = {
        name: frame.assign(
            **{"return": frame["return"].where(frame["configuration"] != "apo", 9.0)}
        )
        for name, frame in (("episodes", found.episodes), ("evaluations", found.evaluations))
    }
    shorter = (found.episodes["seed"] != 3) | (found.episodes["step"] < 30_000)
    flat["episodes"] = flat["episodes"][shorter]
    text = page(replace(found, **flat), tmp_path)
    assert "no seed solved it" in text and "APO 8 of 8" in text
    assert "Eight of APO's eight seeds ended low; no seed lost what it had learned." in text
    assert "APO ends low more often than PPO for sure." in text


def test_implementation_variants_are_in_their_own_question_only(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-stock"), seeds=6, steps=60_000)
    found = synthetic.results(planned, failed=(), missing=())
    stock = {**found.hyperparameters["ppo"], "stock_agent": True}
    found = replace(found, hyperparameters={**found.hyperparameters, "ppo-stock": stock})
    text = page(found, tmp_path)
    scores = table(tmp_path, "cartpole-who_ends_best")
    assert set(scores["configuration"]) == {"ppo", "apo"}
    assert len(table(tmp_path, "cartpole-who_ends_best-pairs")) == 1
    for measure in ("final", "area"):
        effects = table(tmp_path, f"cartpole-does_implementation_matter-{measure}")
        assert effects["what"].tolist() == ["stock_agent = true"]
    assert "PPO with stock_agent = true:" in text


def test_ablations_of_apo_have_a_question_of_their_own(tmp_path):
    names = ("ppo", "apo", "apo-many", "apo-light")
    planned = synthetic.study(names, seeds=6, steps=30_000, environments=2)
    found = synthetic.results(planned, failed=[("apo-many", 2)], missing=())
    plain = found.hyperparameters["apo"]
    own = {
        "apo-many": {**plain, "num_anchor_episodes": 16},
        "apo-light": {**plain, "anchor_weight": 0.1},
    }
    found = replace(found, hyperparameters={**found.hyperparameters, **own})
    text = page(found, tmp_path)
    against = table(tmp_path, "cartpole-what_of_apo_helps-against-ppo")
    final = against[against["measure"] == "final"]
    assert final["a"].tolist() == ["apo", "apo-many", "apo-light"] and set(final["b"]) == {"ppo"}
    assert final["n_a"].tolist() == [6, 5, 6]
    assert (
        "Which parts of APO matter on CartPole-v1?" in text and "num_anchor_episodes = 16" in text
    )
    figure = tmp_path / "figures/cartpole-what_of_apo_helps-seeds.svg"
    assert "apo-many" in figure.read_text()
    scores = table(tmp_path, "cartpole-who_ends_best")
    assert set(scores["configuration"]) == {"ppo", "apo"}
