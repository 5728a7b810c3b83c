"""Losses in the report."""

from dataclasses import replace

import pandas as pd
import pytest

from tfrl.report.questions import losses

from . import synthetic


@pytest.fixture(scope="module")
def logged():
    """DQN reports a TD error. PPO and APO report the same two losses, and one is always 0."""
    study = synthetic.study(("dqn", "ppo", "apo"), seeds=2, steps=1_000)
    reported = {"dqn": ("loss", "td_error"), "ppo": ("loss", "unused"), "apo": ("loss", "unused")}
    rows = [
        (run.environment.name, run.configuration.name, run.seed, step, name, value)
        for run in study.runs()
        for step in range(0, 1_000, 50)
        for name in reported[run.configuration.name]
        for value in [0.0 if name == "unused" else step + run.seed]
    ]
    columns = ["environment", "configuration", "seed", "step", "name", "value"]
    frame = synthetic.categorical(pd.DataFrame(rows, columns=columns), study)
    return replace(synthetic.empty(study), losses=frame)


def test_agents_that_report_the_same_share_a_figure_without_what_is_always_0(logged):
    facts = losses.facts.find(logged)
    assert [(kind.first, list(kind.styles), kind.names) for kind in facts.kinds] == [
        ("dqn", ["dqn"], ("loss", "td_error")),
        ("ppo", ["ppo", "apo"], ("loss",)),
    ]
    drawn = losses.figures.draw(facts)
    assert list(drawn) == ["cartpole-dqn", "cartpole-ppo"]
    assert "td error" in drawn["cartpole-dqn"][0] and "td error" not in drawn["cartpole-ppo"][0]
    data = facts.tables[""]
    last = data[(data["configuration"] == "ppo") & (data["name"] == "loss")].iloc[-1]
    assert last[["step", "median", "low", "high"]].tolist() == [975, 950.5, 950.0, 951.0]


def test_without_losses_there_is_no_section():
    assert losses.facts.find(synthetic.empty(synthetic.study(("dqn",), seeds=1))) is None
