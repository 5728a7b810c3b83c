"""Default, Interpolation and Extrapolation beside what Packer et al. (2018) published."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import generalization, overfitting
from tfrl.analysis.generalization import PUBLISHED, SUMMARIES
from tfrl.conditions import DEFAULT
from tfrl.report.domain import Domain
from tfrl.report.measured import PERCENT, Measured
from tfrl.report.style import Looks


@dataclass(frozen=True)
class Row:
    """One agent's means over seeds, in the order of `SUMMARIES`."""

    name: str
    means: tuple[Measured, ...]


@dataclass(frozen=True)
class Facts:
    """The summaries of one id."""

    rows: tuple[Row, ...]
    published: tuple[tuple[str, tuple[float, ...]], ...]
    best: Row  # in Extrapolation
    seeds: int
    id: str
    steps: int
    episodes: int
    looks: Looks
    values: pd.DataFrame  # [configuration, seed, *SUMMARIES]
    tables: dict[str, pd.DataFrame]


def find(domain: Domain) -> Facts | None:
    """If there is an environment that trains on D and one on R."""
    found = [domain.unbounded(variation) for variation in (DEFAULT, "R")]
    matrix = generalization.matrix(domain.scores, domain.study.steps, domain.policy)
    cells = matrix[matrix["environment"].isin([e.name for e in found if e])]
    if None in found or cells.empty or cells["success"].isna().any():
        return None
    values = generalization.summaries(cells)
    if values[list(SUMMARIES)].isna().all(axis=None):
        return None
    means = {
        part: overfitting.over_seeds(values.dropna(subset=part), ["configuration"], part)
        for part in SUMMARIES
    }
    rows = tuple(
        Row(name, tuple(_mean(means[part], name) for part in SUMMARIES)) for name in domain.looks
    )
    return Facts(
        rows=rows,
        published=tuple((name, tuple(own.values())) for name, own in PUBLISHED.items()),
        best=max(rows, key=lambda row: row.means[2].value if row.means[2] else -1.0),
        seeds=values["seed"].nunique(),
        id=domain.id,
        steps=domain.study.steps,
        episodes=domain.study.evaluation.episodes,
        looks=domain.looks,
        values=values,
        tables={"": pd.concat([one.assign(summary=part) for part, one in means.items()])},
    )


def _mean(means: pd.DataFrame, name: str) -> Measured:
    own = means[means["configuration"] == name].to_dict("records")
    if not own:
        return Measured(np.nan, note="no run", unit=PERCENT)
    low, high = np.clip([own[0]["low"], own[0]["high"]], 0, 1)
    return Measured(own[0]["mean"], low, high, own[0]["note"], PERCENT)
