"""Pipelines in the environments other than CartPole: observations and rewards of other kinds."""

import numpy as np
import pytest

from tfrl import pipelines, training
from tfrl.environments import load
from tfrl.variations import LevelConfig

STEPS = 2_000


def returns_are_steps(returns, lengths, limit):
    """MountainCar costs 1 a step, Acrobot too, but for the step that ends it."""
    return np.all((returns == -lengths) | ((returns == 1 - lengths) & (lengths < limit)))


def goals_are_reached_or_not(returns, lengths, limit):
    return np.all((returns == 1) | ((returns == 0) & (lengths == limit)))


@pytest.mark.parametrize(
    ("name", "environment_id", "tested", "possible"),
    [
        pytest.param("dqn", "Maze-v0", "perfect", goals_are_reached_or_not, marks=pytest.mark.slow),
        pytest.param(
            "reinforce", "Maze-v0", "perfect", goals_are_reached_or_not, marks=pytest.mark.slow
        ),
        pytest.param("apo", "Maze-v0", "perfect", goals_are_reached_or_not, marks=pytest.mark.slow),
        pytest.param("ppo", "MountainCar-v0", "E", returns_are_steps, marks=pytest.mark.slow),
        pytest.param("dqn", "Acrobot-v1", "R", returns_are_steps, marks=pytest.mark.slow),
    ],
)
def test_a_pipeline_trains_and_is_evaluated(name, environment_id, tested, possible):
    pipeline = pipelines.resolve(name)
    config = pipeline.Config(**({"replay_buffer_max_length": 1_000} if name == "dqn" else {}))
    trainer = training.Trainer(pipeline, config, environment_id, STEPS, STEPS, 10, num_shifted=1)
    result = trainer.run(0, LevelConfig(levels=20, test=(tested,)))
    limit = load(environment_id).time_limit
    for table in (result.episodes, result.evaluations):
        assert len(table["return"]) and possible(table["return"], table["length"], limit)
        assert table["length"].min() > 0 and table["length"].max() <= limit
    assert result.updates > 0
