"""Studies of other shapes than the usual one, and with something amiss."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tfrl.harness.study import Environment
from tfrl.report import render
from tfrl.report.performance import claims

from . import synthetic
from .reading import no_nan


def test_a_study_of_which_nothing_is_there(tmp_path):
    text = no_nan(render(synthetic.empty(synthetic.study(seeds=2)), tmp_path))
    assert "0/8 runs finished; 8 not there yet" in text
    assert "Who is better, and is it sure? No run has finished, so there is no score." in text


def test_one_seed(tmp_path):
    planned = synthetic.study(seeds=1, steps=20_000)
    text = no_nan(render(synthetic.results(planned, failed=()), tmp_path))
    assert "no interval: one seed" in text and "incomplete" not in text
    assert "an interval needs two values on each side" in text


def test_three_seeds_too_short_for_a_moving_average(tmp_path):
    planned = synthetic.study(seeds=3, steps=1_000, every=500)
    found = synthetic.results(planned, failed=(), missing=())
    varied = found.evaluations["return"] - found.evaluations["seed"]
    found = replace(found, evaluations=found.evaluations.assign(**{"return": varied}))
    text = no_nan(render(found, tmp_path))
    assert "no interval: fewer than 5 seeds" in text


def test_constant_scores(results, tmp_path):
    flat = results.evaluations.assign(**{"return": 500.0})
    text = no_nan(render(replace(results, evaluations=flat), tmp_path))
    assert "highest mean final return, 500 (all 19 seeds equal; n = 19)" in text
    assert "500 each time" in text and "more than 1,000" in text
    assert "No two halves of any agent's seeds differ" in text


def test_where_no_run_fell_the_page_says_no_more_than_that(results, tmp_path):
    solved = results.episodes.assign(**{"return": 500.0})
    text = no_nan(render(replace(results, episodes=solved), tmp_path))
    among = "among the 20 of 20 and 20 of 20 runs that reached it"
    assert f"{among}: no run of either agent fell (n = 20 and 20)." in text


def test_a_score_that_is_not_a_number_is_never_dropped(results, tmp_path):
    evaluations = results.evaluations.copy()
    mine = (evaluations["configuration"] == "apo") & (evaluations["seed"] == 4)
    evaluations.loc[mine, "return"] = np.nan
    with pytest.raises(ValueError, match="not a finite number"):
        render(replace(results, evaluations=evaluations), tmp_path)


def test_a_study_of_which_every_run_failed_shows_the_errors(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=2, steps=1_000, every=500)
    failed = [("ppo", 0), ("ppo", 1), ("apo", 0), ("apo", 1)]
    text = no_nan(render(synthetic.results(planned, failed=failed, missing=()), tmp_path))
    assert "0/4 runs finished; 4 failed" in text and text.count(synthetic.ERROR) == 4


def test_failed_runs_of_one_side_are_counted_among_the_claims(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=6, steps=20_000)
    found = synthetic.results(planned, failed=[("ppo", 1)], missing=[("apo", 0), ("apo", 2)])
    text = no_nan(render(found, tmp_path))
    assert "Of PPO's 6 runs 1 failed and has no value." in text
    assert "Of APO's 6 runs 2 are not there yet." in text
    assert "4 of 6 runs" in text and "5 of 6 runs" in text
    ledger = pd.read_csv(tmp_path / "tables/ledger.csv")
    assert "All 12 9 1 2" in text and f"{ledger['total_seconds'].sum():.1f}" in text


def test_settings_that_differ_from_the_defaults_stand_apart(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-fast"), seeds=2, steps=1_000, every=500)
    fast = replace(planned.configurations[2], hyperparameters={"learning_rate": 0.01})
    planned = replace(planned, configurations=(*planned.configurations[:2], fast))
    text = no_nan(render(synthetic.results(planned, failed=(), missing=()), tmp_path))
    assert "ppo-fast ppo learning_rate = 0.01 fc_layer_params = [64, 64]" in text
    settings = pd.read_csv(tmp_path / "tables/settings.csv")
    differing = settings[settings["value"] != settings["default"]]
    assert differing["configuration"].tolist() == ["ppo-fast"]


def test_the_scope_names_the_settings_and_the_pair(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-too"), seeds=2, steps=1_000, every=500)
    stock, apo, plain = planned.configurations
    stock = replace(stock, hyperparameters={"stock_agent": True})
    apo = replace(apo, hyperparameters={"anchor_weight": 0.5})
    three = replace(planned, configurations=(stock, apo, plain))
    text = no_nan(render(synthetic.results(three, failed=(), missing=()), tmp_path))
    assert "APO against ppo-too" in text and "The study has 2 configurations of PPO" in text
    assert "this study sets its own (K = 4, beta = 0.5, batch = 64)" in text
    two = replace(planned, configurations=(stock, planned.configurations[1]))
    text = no_nan(render(synthetic.results(two, failed=(), missing=()), tmp_path))
    assert "ours (K = 4, beta = 1, batch = 64) were fixed before any reported seed" in text
    assert "PPO is TF-Agents' stock agent here" in text


def test_runs_made_differently_are_told_at_the_top(tmp_path):
    found = synthetic.empty(synthetic.study(("ppo", "apo"), seeds=2))
    makers = ({"numpy": "2.0"}, {"numpy": "2.1"}, {"numpy": "2.1"})
    found = replace(found, makers=makers, notices=("Made by other code.",))
    text = no_nan(render(found, tmp_path))
    assert "The runs were not all made alike: numpy 2.1 for 2 and 2.0 for 1. Part of what" in text
    assert "Made by other code." in text


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [("not supported", "not supported: the opposite was seen"), ("supported", "supported")],
)
def test_a_verdict_is_not_taken_for_a_lack_of_evidence(verdict, shown):
    assert claims.outcome(verdict) == shown


def test_two_environments_unknown_pipelines_and_no_apo(tmp_path):
    planned = synthetic.study(("dqn", "dqn-slow", "mine"), seeds=5, steps=20_000, environments=2)
    planned = replace(
        planned,
        environments=(planned.environments[0], Environment("cartpole-1", "gymnasium:Mine-v0")),
    )
    index = render(synthetic.results(planned, failed=(), missing=()), tmp_path)
    text = no_nan(index)
    assert "APO" not in text and "gymnasium:Mine-v0 Who is better, and is it sure?" in text
    assert "Left out, for lack of anchors: gymnasium:Mine-v0." in text
    assert "No return is agreed on at which this environment counts as solved" in text
    assert (index.parent / "figures/cartpole-1-strip.svg").is_file()


def test_without_a_threshold_the_fall_is_left_out(tmp_path):
    planned = replace(
        synthetic.study(("ppo", "apo"), seeds=5, steps=20_000),
        environments=(Environment("cartpole", "Mine-v0"),),
    )
    index = render(synthetic.results(planned, failed=(), missing=()), tmp_path)
    assert "no threshold for this environment" in no_nan(index)
    assert pd.read_csv(tmp_path / "tables/cartpole-apo-ppo.csv")["claim"].tolist() == ["a", "b2"]


def test_one_agent_is_compared_with_nothing(tmp_path):
    planned = synthetic.study(("ppo",), seeds=6, steps=20_000)
    text = no_nan(render(synthetic.results(planned, failed=(), missing=()), tmp_path))
    assert "nothing to compare" in text and "P(first is better)" not in text
    assert "wo halves of" in text


def test_one_seed_of_one_agent(tmp_path):
    planned = synthetic.study(("ppo",), seeds=1, steps=20_000)
    text = no_nan(render(synthetic.results(planned, failed=(), missing=()), tmp_path))
    assert "no interval: one seed" in text and "needs two seeds" in text
    assert "four seeds of an agent are needed" in text


def test_one_agent_of_which_every_run_failed_is_counted_beside_others(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=5, steps=20_000)
    failed = [("apo", seed) for seed in range(5)]
    text = no_nan(render(synthetic.results(planned, failed=failed, missing=()), tmp_path))
    assert "APO 0 of 5 5 failed no score" in text and "nothing to compare" in text
    assert "no value on one side" in text  # of the claims


def test_curves_that_never_rise_and_runs_of_unequal_length(tmp_path):
    planned = synthetic.study(("ppo", "apo"), seeds=5, steps=60_000)
    found = synthetic.results(planned, failed=(), missing=())
    flat = {
        name: frame.assign(
            **{"return": frame["return"].where(frame["configuration"] != "apo", 9.0)}
        )
        for name, frame in (("episodes", found.episodes), ("evaluations", found.evaluations))
    }
    shorter = (found.episodes["seed"] != 3) | (found.episodes["step"] < 30_000)
    flat["episodes"] = flat["episodes"][shorter]
    text = no_nan(render(replace(found, **flat), tmp_path))
    assert "the curve does not rise" in text
    assert "no seed solved it" in text and "never solved" in text


def test_what_is_but_another_implementation_is_left_to_question_five(tmp_path):
    planned = synthetic.study(("ppo", "apo", "ppo-stock"), seeds=6, steps=60_000)
    found = synthetic.results(planned, failed=(), missing=())
    stock = {**found.hyperparameters["ppo"], "stock_agent": True}
    found = replace(found, hyperparameters={**found.hyperparameters, "ppo-stock": stock})
    text = no_nan(render(found, tmp_path))
    scores = pd.read_csv(tmp_path / "tables/cartpole-final-performance.csv")
    assert set(scores["configuration"]) == {"ppo", "apo"}
    assert len(pd.read_csv(tmp_path / "tables/cartpole-pairs.csv")) == 1
    for measure in ("final", "return"):
        effects = pd.read_csv(tmp_path / f"tables/cartpole-implementation-{measure}.csv")
        assert effects["kind"].tolist() == ["implementation", "algorithm"]
    for measure in ("final return", "return over all of training"):
        assert f"moves the {measure}: of PPO with stock_agent = true by" in text
    assert text.count("between algorithms it moves by") == 2
    strip = (tmp_path / "figures/cartpole-strip.svg").read_text()
    assert "ppo-stock" in strip
    assert "ppo-stock" not in (tmp_path / "figures/cartpole-final.svg").read_text()


def test_ablations_of_apo_have_a_chapter_of_their_own(tmp_path):
    names = ("ppo", "apo", "apo-many", "apo-light")
    planned = synthetic.study(names, seeds=6, steps=30_000, environments=2)
    found = synthetic.results(planned, failed=[("apo-many", 2)], missing=())
    plain = found.hyperparameters["apo"]
    own = {
        "apo-many": {**plain, "num_anchor_episodes": 16},
        "apo-light": {**plain, "anchor_weight": 0.1},
    }
    found = replace(found, hyperparameters={**found.hyperparameters, **own})
    text = no_nan(render(found, tmp_path))
    table = pd.read_csv(tmp_path / "tables/cartpole-against-ppo.csv")
    final = table[table["measure"] == "final"]
    assert final["a"].tolist() == ["apo", "apo-many", "apo-light"] and set(final["b"]) == {"ppo"}
    assert final["n_a"].tolist() == [6, 5, 6]
    assert "what of APO helps, who is better" in text and "CartPole-v1: what helps?" in text
    assert "apo-many" in (tmp_path / "figures/all-ablations.svg").read_text()
    assert "What of APO helps?" in text and "num_anchor_episodes = 16" in text
    scores = pd.read_csv(tmp_path / "tables/cartpole-final-performance.csv")
    assert set(scores["configuration"]) == {"ppo", "apo"}
