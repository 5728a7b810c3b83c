"""Scores over a grid of two physics constants."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import generalization, overfitting
from tfrl.report.drawings.heatmaps import GridAxes
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.generalization_data import GeneralizationData


@dataclass(frozen=True)
class Overall:
    """The score of one agent over all cells."""

    name: str
    trained: str
    mean: IntervalEstimate


@dataclass(frozen=True)
class Facts:
    """Scores in each cell of the grid."""

    data: GeneralizationData
    narrowest: Overall
    widest: Overall
    overall: tuple[Overall, ...]
    cells: int
    x: str  # names of the constants
    y: str
    plays: float  # episodes of each seed in a cell
    grid_axes: GridAxes
    values: pd.DataFrame  # output of `generalization.cells`
    tables: dict[str, pd.DataFrame]


def find(data: GeneralizationData) -> Facts | None:
    """Returns the facts; None if nothing was tested on a grid."""
    grid = variations.grid(data.id)
    if grid is None:
        return None
    size = len(grid.x.values) * len(grid.y.values)
    values = generalization.cells(data.results.evaluations, data.success, data.steps, size)
    rows = data.final(data.scores)
    rows = rows[rows["variation"] == variations.GRID]
    if values.empty or rows.empty:
        return None
    means = overfitting.over_seeds(rows, ["environment", "configuration"], data.noun)
    overall = tuple(
        Overall(
            str(row["configuration"]),
            data.labels[str(row["environment"])],
            from_row(row, "mean", data.unit, limits=data.limits),
        )
        for row in means.to_dict("records")
    )
    return Facts(
        data=data,
        narrowest=min(overall, key=lambda one: one.mean.value),
        widest=max(overall, key=lambda one: one.mean.value),
        overall=overall,
        cells=size,
        x=constant_name(data.id, grid.x.constant),
        y=constant_name(data.id, grid.y.constant),
        plays=data.study.evaluation.episodes / size,
        grid_axes=_grid_axes(data.id, grid),
        values=values,
        tables={"": values},
    )


def constant_name(environment_id: str, constant: str) -> str:
    """Returns the name of a constant. Gymnasium's length is half of CartPole's pole."""
    half = environment_id.startswith("CartPole") and constant == "length"
    return "half the pole's length" if half else constant


def _grid_axes(environment_id: str, grid: variations.Grid) -> GridAxes:
    """Returns the edges of the grid's cells, and the places of D and R."""
    names = variations.constants(environment_id)
    level = np.zeros(1, np.int64)
    default, around = (variations.intervals(environment_id, name, level)[0] for name in "DR")
    x, y = names.index(grid.x.constant), names.index(grid.y.constant)
    return GridAxes(
        x=_edges(grid.x.values),
        y=_edges(grid.y.values),
        x_label=f"{constant_name(environment_id, grid.x.constant)}, {grid.x.unit}",
        y_label=f"{constant_name(environment_id, grid.y.constant)}, {grid.y.unit}",
        point=(default[x].min(), default[y].min()),
        box=(around[x].min(), around[x].max(), around[y].min(), around[y].max()),
    )


def _edges(values: tuple[float, ...]) -> np.ndarray:
    """Returns the edges of cells around evenly spaced values."""
    half = (values[1] - values[0]) / 2
    return np.array([values[0] - half, *(value + half for value in values)])
