"""Default, Interpolation and Extrapolation, with the results of Packer et al. (2018)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import comparisons, generalization, overfitting
from tfrl.analysis.generalization import PUBLISHED, SUMMARIES
from tfrl.report.estimates import PERCENT, POINTS, IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData
from tfrl.report.pairwise import Ranking, pairs, ranking
from tfrl.variations import DEFAULT_VARIATION


@dataclass(frozen=True)
class Row:
    """The means of one agent over seeds, in the order of `SUMMARIES`."""

    name: str
    means: tuple[IntervalEstimate, ...]


@dataclass(frozen=True)
class Facts:
    """The summaries of one id."""

    data: GeneralizationData
    rows: tuple[Row, ...]
    published: tuple[tuple[str, tuple[float, ...]], ...]
    ranking: Ranking  # by Extrapolation
    best: Row  # the highest mean in Extrapolation
    constant: IntervalEstimate  # Extrapolation of the best constant action
    seeds: int
    values: pd.DataFrame  # [configuration, seed, *SUMMARIES]
    tables: dict[str, pd.DataFrame]


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts; None unless one environment trains on D and one on R."""
    environments = [data.unbounded(variation) for variation in (DEFAULT_VARIATION, "R")]
    cells = data.matrix[data.matrix["environment"].isin([e.name for e in environments if e])]
    if None in environments or cells.empty or cells["success"].isna().any():
        return None
    values = generalization.summaries(cells)
    if values["extrapolation"].isna().all():
        return None
    means = {
        part: overfitting.over_seeds(values.dropna(subset=part), ["configuration"], part)
        for part in SUMMARIES
    }
    rows = tuple(
        Row(name, tuple(_mean(means[part], name) for part in SUMMARIES)) for name in data.styles
    )
    scores = values.dropna(subset="extrapolation").rename(columns={"extrapolation": "score"})
    scores = scores[["configuration", "seed", "score"]].assign(environment=data.id)
    compared = comparisons.compare(scores, {data.id: data.measure.margin})
    # Extrapolation is the geometric mean of one score on R and two on E.
    constant = float(np.cbrt(data.floors["R"] * data.floors["E"] ** 2))
    return Facts(
        data=data,
        rows=rows,
        published=tuple((agent, tuple(shares.values())) for agent, shares in PUBLISHED.items()),
        ranking=ranking(pairs(compared, POINTS), scores["configuration"].unique()),
        best=max(rows, key=lambda row: row.means[2].value if row.means[2] else -1.0),
        constant=IntervalEstimate(constant, unit=PERCENT),
        seeds=values["seed"].nunique(),
        values=values,
        tables={"": pd.concat([one.assign(summary=part) for part, one in means.items()])}
        | {"extrapolation-pairs": compared},
    )


def _mean(means: pd.DataFrame, name: str) -> IntervalEstimate:
    rows = means[means["configuration"] == name].to_dict("records")
    if not rows:
        return IntervalEstimate(np.nan, note="no run", unit=PERCENT)
    return from_row(rows[0], "mean", PERCENT, limits=(0, 1))
