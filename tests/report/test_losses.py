"""Losses in the report."""

from dataclasses import replace

import pandas as pd
import pytest

from tfrl.report import losses, style
from tfrl.report.blocks import Data, Picture

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
    section = losses.section(logged, style.looks(logged.study))
    pictures = [part for part in section.parts if isinstance(part, Picture)]
    assert [picture.slug for picture in pictures] == ["losses-cartpole-dqn", "losses-cartpole-ppo"]
    assert "td error" in pictures[0].wide and "td error" not in pictures[1].wide
    assert "PPO and APO" in pictures[1].caption
    assert "unused" not in pictures[1].wide + pictures[1].alt
    (data,) = [part.data for part in section.parts if isinstance(part, Data)]
    last = data[(data["configuration"] == "ppo") & (data["name"] == "loss")].iloc[-1]
    assert last[["step", "median", "low", "high"]].tolist() == [975, 950.5, 950.0, 951.0]


def test_without_losses_there_is_no_section():
    nothing = synthetic.empty(synthetic.study(("dqn",), seeds=1))
    assert losses.section(nothing, style.looks(nothing.study)) is None
