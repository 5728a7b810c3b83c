"""Generalisation across variations: train and test matrix, its summaries, and the physics map.

Default, Interpolation and Extrapolation are those of Packer et al. (2018), "Assessing
Generalization in Deep Reinforcement Learning", https://arxiv.org/abs/1810.12282.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from tfrl.analysis import overfitting
from tfrl.analysis.overfitting import GAP, Measure
from tfrl.analysis.returns import GROUP, RUN
from tfrl.variations import GRID

SUMMARIES = ("default", "interpolation", "extrapolation")
PUBLISHED = {  # by Packer et al., for feed-forward policies: means over their tasks
    "PPO": {"default": 0.782, "interpolation": 0.706, "extrapolation": 0.484},
    "A2C": {"default": 0.781, "interpolation": 0.766, "extrapolation": 0.637},
}


def matrix(scores: pd.DataFrame, step: int, policy: str = "greedy") -> pd.DataFrame:
    """Returns the scores of each run under each variation, on held-out levels.

    Args:
      scores: output of `overfitting.scores`.
      step: of the evaluation.
      policy: "greedy" or "stochastic".

    Returns:
      [environment, configuration, seed, trained, tested, return, success]; `trained` and `tested`
      are variations.
    """
    final = scores[(scores["step"] == step) & (scores["policy"] == policy)]
    final = final[(final["split"] != "training") & (final["variation"] != GRID)]
    trained = final[final["split"] == "held-out"][[*RUN, "variation"]]
    final = final.merge(trained.rename(columns={"variation": "trained"}), on=RUN)
    final = final.rename(columns={"variation": "tested"})
    return final[[*RUN, "trained", "tested", "return", "success"]]


def lost(
    scores: pd.DataFrame, measure: Measure, floors: Mapping[str, float], levels: Mapping[str, float]
) -> pd.DataFrame:
    """Computes each seed's loss on a variation from being trained on another one.

    The loss is the score on the variation of the run with the same seed that was trained on it,
    minus the score of the run that was not. Both are tested on the same levels, so the difficulty
    of the variation cancels.

    Args:
      scores: output of `overfitting.scores`, of environments with one id.
      measure: of the scores.
      floors: output of `overfitting.floors`.
      levels: number of training levels of each environment; runs with equal numbers are compared.

    Returns:
      The columns of `overfitting.gaps`. `reference` is the score of the run that was trained on
      `tested`; `learned` requires that both runs learned what they were trained on. Variations on
      which no run was trained have no rows.
    """
    keys = ["configuration", "seed", "step", "policy"]
    table = scores.rename(columns={measure.column: "score"})
    table = table.assign(levels=table["environment"].astype(str).map(dict(levels)))
    trained = table[table["split"] == "held-out"]
    trained = trained.assign(
        learned=overfitting.learned(trained["score"], trained["variation"], floors, measure)
    )
    other = table[table["split"] == "shifted"][[*RUN, *keys[2:], "levels", "variation", "score"]]
    other = other.merge(trained[[*RUN, *keys[2:], "learned"]], on=[*RUN, *keys[2:]])
    native = trained[[*keys, "levels", "variation", "score", "learned"]]
    native = native.rename(columns={"score": "reference"})
    # Of several environments with the same training, only the first counts.
    native = native.drop_duplicates([*keys, "levels", "variation"])
    pairs = other.merge(native, on=[*keys, "levels", "variation"], suffixes=("", "_native"))
    pairs = pairs.rename(columns={"variation": "tested"})
    pairs["gap"] = pairs["reference"] - pairs["score"]
    pairs["learned"] &= pairs["learned_native"]
    return pairs[GAP]


def summaries(cells: pd.DataFrame) -> pd.DataFrame:
    """Computes Packer et al.'s summaries of the matrix for each configuration and seed.

    In cells named by training and test variation: Default is DD, Interpolation is RR,
    Extrapolation is the geometric mean of DR, DE and RE, here of one seed.

    Args:
      cells: output of `matrix`, with at most one environment per training variation.

    Returns:
      [configuration, seed, default, interpolation, extrapolation]; NaN if a cell is missing.
    """
    cell = cells["trained"].astype(str) + cells["tested"].astype(str)
    wide = cells.assign(cell=cell).pivot(
        index=["configuration", "seed"], columns="cell", values="success"
    )
    wide = wide.reindex(columns=["DD", "RR", "DR", "DE", "RE"])
    extrapolation = wide[["DR", "DE", "RE"]].prod(axis=1, skipna=False) ** (1 / 3)
    table = {"default": wide["DD"], "interpolation": wide["RR"], "extrapolation": extrapolation}
    return pd.DataFrame(table).reset_index()


def averaged(tables: Collection[pd.DataFrame]) -> pd.DataFrame:
    """Averages each seed's summaries over environments; NaN if an environment has none.

    Args:
      tables: output of `summaries`, one per environment.

    Returns:
      [configuration, seed, default, interpolation, extrapolation].
    """
    keys = ["configuration", "seed"]
    groups = pd.concat(tables).groupby(keys, observed=True)[list(SUMMARIES)]
    complete = groups.count() == len(tables)
    return groups.mean().where(complete).reset_index()


def cells(
    evaluations: pd.DataFrame, threshold: float | None, step: int, count: int
) -> pd.DataFrame:
    """Computes the greedy policy's scores in each cell of the variation "grid", mean over seeds.

    Args:
      evaluations: as in `Results`.
      threshold: least return of a successful episode; None if there is none.
      step: of the evaluation.
      count: number of cells; the cell of a level is level % count.

    Returns:
      [environment, configuration, cell, return, success, n].
    """
    chosen = (evaluations["variation"] == GRID) & (evaluations["policy"] == "greedy")
    episodes = evaluations[chosen & (evaluations["step"] == step)]
    episodes = episodes.assign(
        cell=episodes["level"] % count,
        success=np.nan if threshold is None else (episodes["return"] >= threshold).astype(float),
    )
    runs = episodes.groupby([*RUN, "cell"], observed=True)[["return", "success"]].mean()
    groups = runs.groupby([*GROUP, "cell"], observed=True)
    return groups.mean().assign(n=groups.size()).reset_index()
