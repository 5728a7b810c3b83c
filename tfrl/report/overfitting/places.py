"""Where the policy works: a map over two constants of the physics."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tfrl import conditions
from tfrl.analysis import overfitting
from tfrl.report.blocks import Answer, Picture
from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import Lattice, Map
from tfrl.report.overfitting import published
from tfrl.report.overfitting.findings import Family
from tfrl.report.style import Looks
from tfrl.report.units import estimates, unit
from tfrl.report.wording import listed


def answer(family: Family, looks: Looks) -> Answer:
    """How often the policy works, of all cells."""
    rows = family.last(family.scores)
    rows = rows[rows["variation"] == conditions.GRID]
    numbers = unit(family.measure)
    scores = replace(numbers, points=numbers.sign)
    by = ["environment", "configuration"]
    means = overfitting.over_seeds(rows, by, family.measure.column)
    means[["low", "high"]] = means[["low", "high"]].clip(family.measure.low, family.measure.high)
    sentences = []
    for name, mine in means.groupby("environment", observed=True):
        names = [looks[configuration].label for configuration in mine["configuration"]]
        said = estimates(mine, names, scores, "mean")
        sentences.append(f"Trained on {family.labels[name]}: {said}.")
    return Answer(f"{numbers.noun.capitalize()} over all cells", "", tuple(sentences))


def picture(family: Family, slug: str, looks: Looks) -> Picture | None:
    """A map for each agent and what it was trained on; None if there is no grid in the study."""
    grid = conditions.grid(family.id)
    if grid is None or family.cells.empty:
        return None
    numbers = unit(family.measure)
    tested = [e for e in family.environments if conditions.GRID in e.conditions.test]
    shape = (len(grid.y.values), len(grid.x.values))
    size = shape[0] * shape[1]
    cells = family.cells.set_index(["environment", "configuration", "cell"])[family.measure.column]
    rows, said = [], []
    for environment in tested:
        row = []
        for name, look in looks.items():
            index = [(environment.name, name, cell) for cell in range(size)]
            values = numbers.scale * cells.reindex(index).to_numpy(float)
            row.append(Map(look.label, values.reshape(shape)))
            if numbers.sign and np.isfinite(values).any():
                share = int((values >= 50).sum())
                said.append(f"{look.label} trained on {family.labels[environment.name]} {share}")
        rows.append(row)
    labels = [f"trained on {family.labels[environment.name]}" for environment in tested]
    limits = (numbers.scale * family.measure.low, numbers.scale * family.measure.high)
    label = "success, %" if numbers.sign else "return"
    lattice = _lattice(family.id, grid)
    x, y = (published.constant(family.id, axis.constant) for axis in (grid.x, grid.y))
    wide, narrow = (
        heatmaps.maps(rows, labels, lattice, limits, label, narrow) for narrow in (False, True)
    )
    times = family.study.evaluation.episodes / size
    often = "once" if times == 1 else f"{times:g} times"
    caption = (
        f"{numbers.noun.capitalize()} of the greedy policy at the end of training in each of "
        f"{size} cells, {y} by {x}, all else as in D. Mean over seeds, "
        f"each of which plays a cell {often}, so read areas, "
        "not cells. The circle marks D, the outline what R draws from; a grey cell was not played."
    )
    alt = (
        f"Maps over {y} and {x}. Cells of {size} in which at least "
        f"half of the episodes succeed: {listed(said or ['not known'])}."
    )
    return Picture(f"{slug}-map", alt, caption, wide, narrow)


def _lattice(environment_id: str, grid: conditions.Grid) -> Lattice:
    """The grid's edges, and where D and R are in it."""
    names = conditions.constants(environment_id)
    level = np.zeros(1, np.int64)
    default, around = (conditions.intervals(environment_id, name, level)[0] for name in "DR")
    x, y = names.index(grid.x.constant), names.index(grid.y.constant)
    return Lattice(
        x=_edges(grid.x.values),
        y=_edges(grid.y.values),
        x_label=f"{published.constant(environment_id, grid.x.constant)}, {grid.x.unit}",
        y_label=f"{published.constant(environment_id, grid.y.constant)}, {grid.y.unit}",
        point=(default[x].min(), default[y].min()),
        box=(around[x].min(), around[x].max(), around[y].min(), around[y].max()),
    )


def _edges(values: Sequence[float]) -> np.ndarray:
    """Of cells about evenly spaced values."""
    half = (values[1] - values[0]) / 2
    return np.array([values[0] - half, *(value + half for value in values)])
