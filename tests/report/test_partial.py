"""Reports of studies with missing or failed runs."""

from dataclasses import replace

import pytest

from tests.report import synthetic, synthetic_overfitting
from tfrl.harness.studies.study import Environment
from tfrl.report import render
from tfrl.report.document import build_document
from tfrl.report.environment_data import load, main_configurations
from tfrl.report.questions import all_environments, what_seeds_decide, who_learns_fastest

from .reading import no_nan

SHORT = {"steps": 5_000, "every": 2_500}


def failed(*names, seeds=3):
    return [(name, seed) for name in names for seed in range(seeds)]


def results(names, **options):
    planned = synthetic.study(names, seeds=3, **SHORT)
    return synthetic.results(planned, **{"failed": (), "missing": ()} | options)


def without(found, environment, configuration):
    """The results without the runs of a configuration on an environment, which have failed."""

    def here(frame):
        return (frame["environment"] == environment) & (frame["configuration"] == configuration)

    runs = found.runs.copy()
    runs.loc[here(runs), "status"] = "failed"
    episodes, evaluations = (one[~here(one)] for one in (found.episodes, found.evaluations))
    return replace(found, episodes=episodes, evaluations=evaluations, runs=runs)


def with_settings(found, name, like, **changed):
    values = {**found.hyperparameters[like], **changed}
    return replace(found, hyperparameters={**found.hyperparameters, name: values})


def test_a_variant_without_a_finished_run(tmp_path):
    found = results(("ppo", "dqn", "ppo-stock"), failed=failed("ppo-stock"))
    found = with_settings(found, "ppo-stock", "ppo", stock_agent=True)
    text = no_nan(render(found, tmp_path))
    assert "Does implementation matter?" not in text and "6/9 runs finished; 3 failed" in text


def test_a_variant_that_has_finished_in_one_environment_only(tmp_path):
    planned = synthetic.study(("ppo", "dqn", "ppo-stock"), seeds=3, environments=2, **SHORT)
    found = synthetic.results(planned, failed=(), missing=())
    found = with_settings(found, "ppo-stock", "ppo", stock_agent=True)
    no_nan(render(without(found, "cartpole-1", "ppo-stock"), tmp_path))


@pytest.mark.parametrize("names", [("ppo", "dqn"), ("ppo", "apo"), ("ppo",)])
def test_no_episode_of_training_has_ended(tmp_path, names):
    found = results(names)
    no_nan(render(replace(found, episodes=found.episodes.head(0)), tmp_path))


def test_the_episodes_of_one_agent_only_have_ended(tmp_path):
    found = results(("ppo", "dqn"))
    own = found.episodes["configuration"] == "dqn"
    no_nan(render(replace(found, episodes=found.episodes[own]), tmp_path))


def test_an_ablation_has_finished_before_plain_apo(tmp_path):
    found = results(("ppo", "apo", "apo-k1"), failed=failed("ppo", "apo"))
    no_nan(render(with_settings(found, "apo-k1", "apo", num_anchor_episodes=1), tmp_path))


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("counts", [(10, None), (10,)])
def test_no_run_on_mazes_has_finished_or_only_one_on_all_of_them(tmp_path, kept, counts):
    planned = synthetic_overfitting.levels(seeds=2, episodes=10, counts=counts)
    names = [(run.environment.name, run.configuration.name, run.seed) for run in planned.runs()]
    found = synthetic_overfitting.results(planned, failed=names[: len(names) - kept])
    no_nan(render(found, tmp_path))


def test_an_agent_with_runs_in_the_easy_environment_only_is_not_the_best(tmp_path):
    planned = synthetic.study(("ppo", "dqn"), seeds=6, steps=40_000, every=20_000, environments=2)
    hard = Environment("acrobot", "Acrobot-v1")
    planned = replace(planned, environments=(planned.environments[0], hard))
    found = without(synthetic.results(planned, failed=(), missing=()), "acrobot", "dqn")
    evaluations = found.evaluations.copy()
    on_hard = evaluations["environment"] == "acrobot"
    evaluations.loc[on_hard, "return"] = -480.0 + evaluations["seed"]
    found = replace(found, evaluations=evaluations)
    tasks = [load(found, environment) for environment in planned.environments]
    facts = all_environments.facts.find(tasks)
    assert facts.outcome == "overlap" and facts.best == "ppo"
    assert {agent.name: agent.environments for agent in facts.agents} == {"ppo": 2, "dqn": 1}
    assert "on 1 of 2 environments" in no_nan(render(found, tmp_path))


def test_a_configuration_without_runs_has_the_defaults_of_its_pipeline():
    found = results(("ppo", "ppo-stock", "dqn"), missing=failed("ppo-stock"))
    configurations = [
        replace(c, hyperparameters={"stock_agent": True} if c.name == "ppo-stock" else {})
        for c in found.study.configurations
    ]
    known = {name: found.hyperparameters[name] for name in ("ppo", "dqn")}
    found = replace(
        found,
        study=replace(found.study, configurations=tuple(configurations)),
        hyperparameters=known,
        defaults=known,
    )
    assert found.settings["ppo-stock"] == ("ppo", {**known["ppo"], "stock_agent": True})
    assert main_configurations(found.settings) == ["ppo", "dqn"]


def test_each_figure_and_table_has_a_name_of_its_own():
    names = ("ppo", "apo", "p2s", "p2a", "p4s", "p4a")
    found = results(names)
    chosen = [
        replace(c, pipeline="apo_parallel") if c.name.startswith("p") and c.name != "ppo" else c
        for c in found.study.configurations
    ]
    found = replace(found, study=replace(found.study, configurations=tuple(chosen)))
    for name in names[2:]:
        settings = {"num_learners": int(name[1]), "share_anchors": name[2] == "s"}
        found = with_settings(found, name, "apo", **settings)
    tables = build_document(found).tables
    before = "cartpole-what_of_apo_helps-against"
    assert {f"{before}-p2a", f"{before}-p4a", f"{before}-ppo"} <= set(tables)


def test_no_more_than_half_of_the_seeds_of_either_agent_are_drawn():
    planned = synthetic.study(("ppo", "dqn", "reinforce"), seeds=20, **SHORT)
    few = [("reinforce", seed) for seed in range(5, 20)]
    found = synthetic.results(planned, failed=few, missing=())
    facts = what_seeds_decide.facts.find(load(found, planned.environments[0]))
    wrong = facts.tables["wrong-winner"]
    drawn = wrong[wrong["wrong"].notna()]
    assert (drawn["k"] <= drawn[["n_a", "n_b"]].min(axis=1) / 2).all()
    assert set(drawn["k"]) == {1, 2, 3, 5, 10}
    left = wrong[(wrong["n_b"] == 5) & (wrong["k"] > 2)]
    assert set(left["note"]) == {"more than half of the seeds"}


def test_without_a_run_of_plain_apo_no_variant_is_better(tmp_path):
    planned = synthetic.study(("ppo", "apo", "apo-k1"), seeds=12, **SHORT)
    found = synthetic.results(planned, failed=failed("apo", seeds=12), missing=())
    found = with_settings(found, "apo-k1", "apo", num_anchor_episodes=1)
    text = no_nan(render(found, tmp_path))
    assert "Plain APO has no finished run to compare with." in text
    assert "more return than plain APO" not in text.lower()


def test_a_lone_agent_has_no_pairs_to_link_to(tmp_path):
    text = no_nan(render(results(("ppo", "dqn"), failed=failed("dqn")), tmp_path))
    assert "Only one agent has scores, so there is nothing to compare." in text


def test_environments_of_one_id_are_told_apart(tmp_path):
    planned = synthetic.study(("ppo", "dqn"), seeds=6, environments=2, **SHORT)
    page = build_document(synthetic.results(planned, failed=(), missing=()))
    assert "\n## cartpole\n" in page.markdown and "\n## cartpole-1\n" in page.markdown


def test_times_that_are_never_reached_are_not_equivalent():
    planned = synthetic.study(("ppo", "dqn"), seeds=20, steps=5_000, every=1_000)
    found = synthetic.results(planned, failed=(), missing=())
    low = found.evaluations.assign(**{"return": 100.0})
    solved = (low["configuration"] == "ppo") & (low["seed"] < 3) & (low["step"] >= 2_000)
    low.loc[solved, "return"] = 500.0
    (environment,) = planned.environments
    facts = who_learns_fastest.facts.find(load(replace(found, evaluations=low), environment))
    (pair,) = facts.first_pairs
    assert pair.typical.value == 0 and pair.outcome == "undecided"
