"""Default, Interpolation and Extrapolation beside what Packer et al. (2018) published."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import comparisons, generalization, overfitting
from tfrl.analysis.generalization import PUBLISHED, SUMMARIES
from tfrl.report.domain import Domain
from tfrl.report.measured import PERCENT, POINTS, Measured
from tfrl.report.pairs import Ranking, pairs, ranking
from tfrl.report.style import Looks
from tfrl.variations import DEFAULT_VARIATION


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
    ranking: Ranking  # by Extrapolation
    best: Row  # the highest mean in it
    constant: Measured  # Extrapolation of the best constant action
    seeds: int
    id: str
    steps: int
    episodes: int
    looks: Looks
    values: pd.DataFrame  # [configuration, seed, *SUMMARIES]
    tables: dict[str, pd.DataFrame]


def find(domain: Domain) -> Facts | None:
    """If there is an environment that trains on D and one on R."""
    found = [domain.unbounded(variation) for variation in (DEFAULT_VARIATION, "R")]
    matrix = generalization.matrix(domain.scores, domain.study.steps, domain.policy)
    cells = matrix[matrix["environment"].isin([e.name for e in found if e])]
    if None in found or cells.empty or cells["success"].isna().any():
        return None
    values = generalization.summaries(cells)
    if values["extrapolation"].isna().all():
        return None
    means = {
        part: overfitting.over_seeds(values.dropna(subset=part), ["configuration"], part)
        for part in SUMMARIES
    }
    rows = tuple(
        Row(name, tuple(_mean(means[part], name) for part in SUMMARIES)) for name in domain.looks
    )
    scores = values.dropna(subset="extrapolation").rename(columns={"extrapolation": "score"})
    scores = scores[["configuration", "seed", "score"]].assign(environment=domain.id)
    compared = comparisons.compare(scores, {domain.id: domain.measure.margin})
    return Facts(
        rows=rows,
        published=tuple((name, tuple(own.values())) for name, own in PUBLISHED.items()),
        ranking=ranking(pairs(compared, POINTS), scores["configuration"].unique()),
        best=max(rows, key=lambda row: row.means[2].value if row.means[2] else -1.0),
        constant=Measured(_constant(domain), unit=PERCENT),
        seeds=values["seed"].nunique(),
        id=domain.id,
        steps=domain.study.steps,
        episodes=domain.study.evaluation.episodes,
        looks=domain.looks,
        values=values,
        tables={"": pd.concat([one.assign(summary=part) for part, one in means.items()])}
        | {"extrapolation-pairs": compared},
    )


def _constant(domain: Domain) -> float:
    """What a constant action would score in Extrapolation: once on R, twice on E."""
    floors = overfitting.floors(domain.id, domain.measure)
    return float(np.cbrt(floors["R"] * floors["E"] ** 2))


def _mean(means: pd.DataFrame, name: str) -> Measured:
    own = means[means["configuration"] == name].to_dict("records")
    if not own:
        return Measured(np.nan, note="no run", unit=PERCENT)
    low, high = np.clip([own[0]["low"], own[0]["high"]], 0, 1)
    return Measured(own[0]["mean"], low, high, own[0]["note"], PERCENT)
