"""The checker checked: a policy known to overfit is found out, one that cannot is not accused."""

import functools

import numpy as np
import pandas as pd
import pytest

from tests.engine.planted import PlantedConfig, PlantedPipeline
from tfrl import training
from tfrl.analysis import benchmarks, overfitting
from tfrl.analysis import levels as clusters
from tfrl.variations import LevelConfig

ID, EPISODES, SEEDS = "Maze-v0", 100, 6  # the fewest that decide


@functools.cache
def trainer(known_levels):
    return training.Trainer(PlantedPipeline, PlantedConfig(known_levels), ID, 1, 1, EPISODES)


def verdicts(known_levels, levels, repetitions):
    """Of a study of six seeds, evaluated as any run is; a row each time it is repeated.

    Runs are evaluated twice, with two policies, each with random numbers of its own.
    """
    tables = []
    for run in range(SEEDS * (repetitions // 4)):
        result = trainer(known_levels).run(run, LevelConfig(levels=levels))
        names = {"environment": "maze", "configuration": str(run // SEEDS), "seed": run % SEEDS}
        tables.append(pd.DataFrame(result.evaluations).assign(**names))
    measure = overfitting.success(ID)
    scores = overfitting.scores(pd.concat(tables), benchmarks.get(ID).success)
    # All runs are judged, however little they know: here, the checker is what is checked.
    gaps = overfitting.gaps(scores, measure).assign(learned=True)
    played = clusters.played(pd.concat(tables), measure.column, benchmarks.get(ID).success)
    found = overfitting.verdicts(gaps, measure, 1, played)
    assert len(found) == repetitions and set(found["n"]) == {SEEDS}
    return found


def test_a_planted_memoriser_shows_a_gap():
    found = verdicts(known_levels=10, levels=10, repetitions=8)
    assert (found["verdict"] == "gap").all() and (found["low"] > 0.5).all()
    assert (found["reference"] == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("levels", [10, None])
def test_a_policy_blind_to_the_level_is_seldom_accused(levels):
    found = verdicts(known_levels=0, levels=levels, repetitions=60)
    assert np.mean((found["low"] <= 0) & (found["high"] >= 0)) >= 0.9
    assert not np.any(found["reference"] == 1)
