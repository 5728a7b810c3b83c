"""Trained under one variation and tested under another: the matrix, its summaries, and a map.

Default, Interpolation and Extrapolation are those of Packer et al. (2018), "Assessing
Generalization in Deep Reinforcement Learning", https://arxiv.org/abs/1810.12282.
"""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from tfrl.analysis import overfitting
from tfrl.analysis.overfitting import Measure
from tfrl.analysis.returns import GROUP, RUN
from tfrl.variations import GRID

SUMMARIES = ("default", "interpolation", "extrapolation")
PUBLISHED = {  # their feed-forward policies: means over their tasks
    "PPO": {"default": 0.782, "interpolation": 0.706, "extrapolation": 0.484},
    "A2C": {"default": 0.781, "interpolation": 0.766, "extrapolation": 0.637},
}


def matrix(scores: pd.DataFrame, step: int, policy: str = "greedy") -> pd.DataFrame:
    """What the policy of each run scores under each variation at `step`, on held-out levels.

    Returns:
      [environment, configuration, seed, trained, tested, return, success]; trained and tested are
      variations.
    """
    final = scores[(scores["step"] == step) & (scores["policy"] == policy)]
    final = final[(final["split"] != "training") & (final["variation"] != GRID)]
    own = final[final["split"] == "held-out"][[*RUN, "variation"]]
    final = final.merge(own.rename(columns={"variation": "trained"}), on=RUN)
    final = final.rename(columns={"variation": "tested"})
    return final[[*RUN, "trained", "tested", "return", "success"]]


def lost(
    scores: pd.DataFrame, measure: Measure, floors: Mapping[str, float], levels: Mapping[str, float]
) -> pd.DataFrame:
    """What is lost on a variation by not having been trained on it, of each seed.

    The score on it of the run with the same seed that was trained on it, minus that of the one that
    was not: both play the same levels, so that it is no matter how hard they are.

    Args:
      scores: as `overfitting.scores`, of environments of one id.
      floors: as `overfitting.floors`.
      levels: how many levels each environment trains on; like is compared with like.

    Returns:
      As `overfitting.gaps`: `reference` is of the run that was trained on `tested`, and both have
      to have learned what they were trained on. Nothing where no run was trained on it.
    """
    keys = ["configuration", "seed", "step", "policy"]
    known = scores.rename(columns={measure.column: "score"})
    known = known.assign(levels=known["environment"].astype(str).map(dict(levels)))
    own = known[known["split"] == "held-out"]
    able = overfitting.learned(own["score"], own["variation"], floors, measure)
    own = own.assign(learned=able)
    other = known[known["split"] == "shifted"][[*RUN, *keys[2:], "levels", "variation", "score"]]
    other = other.merge(own[[*RUN, *keys[2:], "learned"]], on=[*RUN, *keys[2:]])
    native = own[[*keys, "levels", "variation", "score", "learned"]]
    native = native.rename(columns={"score": "reference"})
    # Of several environments that train on the same, the first: each run is compared once.
    native = native.drop_duplicates([*keys, "levels", "variation"])
    found = other.merge(native, on=[*keys, "levels", "variation"], suffixes=("", "_native"))
    found = found.rename(columns={"variation": "tested"})
    found["gap"] = found["reference"] - found["score"]
    found["learned"] &= found["learned_native"]
    return found[[*RUN, "step", "policy", "tested", "reference", "score", "gap", "learned"]]


def summaries(cells: pd.DataFrame) -> pd.DataFrame:
    """Packer et al.'s summaries of the matrix, a row for each configuration and seed.

    With the variation that was trained on first: Default is DD, Interpolation is RR, Extrapolation
    the geometric mean of DR, DE and RE, here of one seed. NaN where a part is not there.

    Args:
      cells: as `matrix` gives them, no more than one environment for each variation trained on.

    Returns:
      [configuration, seed, default, interpolation, extrapolation].
    """
    cell = cells["trained"].astype(str) + cells["tested"].astype(str)
    wide = cells.assign(cell=cell).pivot(
        index=["configuration", "seed"], columns="cell", values="success"
    )
    wide = wide.reindex(columns=["DD", "RR", "DR", "DE", "RE"])
    extrapolation = wide[["DR", "DE", "RE"]].prod(axis=1, skipna=False) ** (1 / 3)
    found = {"default": wide["DD"], "interpolation": wide["RR"], "extrapolation": extrapolation}
    return pd.DataFrame(found).reset_index()


def averaged(found: Collection[pd.DataFrame]) -> pd.DataFrame:
    """The mean over environments of each seed's summaries, NaN where one of them has none."""
    keys = ["configuration", "seed"]
    groups = pd.concat(found).groupby(keys, observed=True)[list(SUMMARIES)]
    whole = groups.count() == len(found)
    return groups.mean().where(whole).reset_index()


def cells(
    evaluations: pd.DataFrame, threshold: float | None, step: int, count: int
) -> pd.DataFrame:
    """The greedy policy at `step` in each cell of the variation "grid", mean over seeds.

    Args:
      threshold: the return from which on an episode succeeds; None if there is none.
      count: cells of the grid; a level's is its remainder.

    Returns:
      [environment, configuration, cell, return, success, n].
    """
    chosen = (evaluations["variation"] == GRID) & (evaluations["policy"] == "greedy")
    played = evaluations[chosen & (evaluations["step"] == step)]
    played = played.assign(
        cell=played["level"] % count,
        success=np.nan if threshold is None else (played["return"] >= threshold).astype(float),
    )
    runs = played.groupby([*RUN, "cell"], observed=True)[["return", "success"]].mean()
    groups = runs.groupby([*GROUP, "cell"], observed=True)
    return groups.mean().assign(n=groups.size()).reset_index()
