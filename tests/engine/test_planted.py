"""The overfitting test detects a planted memoriser and has few false positives."""

import functools

import numpy as np
import pandas as pd
import pytest

from tests.engine.planted import PlantedConfig, PlantedPipeline
from tfrl import training
from tfrl.analysis import benchmarks, level_variance, overfitting
from tfrl.variations import LevelConfig

ID, EPISODES, SEEDS = "Maze-v0", 100, 6  # 6 seeds are the fewest that give a verdict


@functools.cache
def trainer(known_levels):
    return training.Trainer(PlantedPipeline, PlantedConfig(known_levels), ID, 1, 1, EPISODES)


def verdicts(known_levels, levels, repetitions):
    """Returns the verdicts of repeated studies of six seeds, one row per repetition.

    Six runs give four repetitions: two evaluations, each with two policies, with different random
    numbers.
    """
    tables = []
    for run in range(SEEDS * (repetitions // 4)):
        result = trainer(known_levels).run(run, LevelConfig(levels=levels))
        names = {"environment": "maze", "configuration": str(run // SEEDS), "seed": run % SEEDS}
        tables.append(pd.DataFrame(result.evaluations).assign(**names))
    measure = overfitting.success(ID)
    scores = overfitting.scores(pd.concat(tables), benchmarks.get(ID).success)
    # `learned=True` gives a verdict even for runs that have learned nothing.
    gaps = overfitting.gaps(scores, measure).assign(learned=True)
    played = level_variance.level_scores(
        pd.concat(tables), measure.column, benchmarks.get(ID).success
    )
    table = overfitting.verdicts(gaps, measure, 1, played)
    assert len(table) == repetitions and set(table["n"]) == {SEEDS}
    return table


def test_planted_memoriser_shows_a_gap():
    table = verdicts(known_levels=10, levels=10, repetitions=8)
    assert (table["verdict"] == "gap").all() and (table["low"] > 0.5).all()
    assert (table["reference"] == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("levels", [10, None])
def test_intervals_of_a_policy_blind_to_the_level_include_0(levels):
    table = verdicts(known_levels=0, levels=levels, repetitions=60)
    assert np.mean((table["low"] <= 0) & (table["high"] >= 0)) >= 0.9
    assert not np.any(table["reference"] == 1)
