"""Where the policy works: a map over two constants of the physics."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import benchmarks, generalization, overfitting
from tfrl.report.domain import Domain
from tfrl.report.drawings.heatmaps import Lattice
from tfrl.report.measured import Measured, Unit
from tfrl.report.style import Looks


@dataclass(frozen=True)
class Overall:
    """How often one agent's policy works, of all cells."""

    name: str
    trained: str
    mean: Measured


@dataclass(frozen=True)
class Facts:
    """Scores in each cell of the grid."""

    narrowest: Overall
    widest: Overall
    overall: tuple[Overall, ...]
    cells: int
    x: str
    y: str
    plays: float  # times that each seed plays a cell
    noun: str
    looks: Looks
    environments: tuple[tuple[str, str], ...]  # names and labels
    lattice: Lattice
    limits: tuple[float, float]
    unit: Unit
    values: pd.DataFrame  # as `generalization.cells`
    column: str
    tables: dict[str, pd.DataFrame]


def find(domain: Domain) -> Facts | None:
    """If there is a grid, and something was tested on it."""
    grid = variations.grid(domain.id)
    if grid is None:
        return None
    size = len(grid.x.values) * len(grid.y.values)
    values = generalization.cells(
        domain.results.evaluations, benchmarks.get(domain.id).success, domain.study.steps, size
    )
    rows = domain.last(domain.scores)
    rows = rows[rows["variation"] == variations.GRID]
    if values.empty or rows.empty:
        return None
    by = ["environment", "configuration"]
    means = overfitting.over_seeds(rows, by, domain.measure.column)
    ends = means[["low", "high"]].clip(domain.measure.low, domain.measure.high).to_numpy()
    overall = tuple(
        Overall(
            str(row["configuration"]),
            domain.labels[str(row["environment"])],
            Measured(row["mean"], low, high, row["note"], domain.unit),
        )
        for row, (low, high) in zip(means.to_dict("records"), ends, strict=True)
    )
    tested = [e for e in domain.environments if variations.GRID in e.level_config.test]
    return Facts(
        narrowest=min(overall, key=lambda one: one.mean.value),
        widest=max(overall, key=lambda one: one.mean.value),
        overall=overall,
        cells=size,
        x=named(domain.id, grid.x.constant),
        y=named(domain.id, grid.y.constant),
        plays=domain.study.evaluation.episodes / size,
        noun=domain.measure.column,
        looks=domain.looks,
        environments=tuple((e.name, domain.labels[e.name]) for e in tested),
        lattice=_lattice(domain.id, grid),
        limits=(domain.unit.scale * domain.measure.low, domain.unit.scale * domain.measure.high),
        unit=domain.unit,
        values=values,
        column=domain.measure.column,
        tables={"": values},
    )


def named(environment_id: str, constant: str) -> str:
    """What a constant is: Gymnasium's length is half of CartPole's pole."""
    half = environment_id.startswith("CartPole") and constant == "length"
    return "half the pole's length" if half else constant


def _lattice(environment_id: str, grid: variations.Grid) -> Lattice:
    """The grid's edges, and where D and R are in it."""
    names = variations.constants(environment_id)
    level = np.zeros(1, np.int64)
    default, around = (variations.intervals(environment_id, name, level)[0] for name in "DR")
    x, y = names.index(grid.x.constant), names.index(grid.y.constant)
    return Lattice(
        x=_edges(grid.x.values),
        y=_edges(grid.y.values),
        x_label=f"{named(environment_id, grid.x.constant)}, {grid.x.unit}",
        y_label=f"{named(environment_id, grid.y.constant)}, {grid.y.unit}",
        point=(default[x].min(), default[y].min()),
        box=(around[x].min(), around[x].max(), around[y].min(), around[y].max()),
    )


def _edges(values: tuple[float, ...]) -> np.ndarray:
    """Of cells about evenly spaced values."""
    half = (values[1] - values[0]) / 2
    return np.array([values[0] - half, *(value + half for value in values)])
