"""Figures in which colour is a score: annotated matrices, and maps of a grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tfrl.report.labels import FAINT, INK, heading
from tfrl.report.style import styled, tiles, to_svg

# ColorBrewer's YlGnBu: one scale from light to dark, safe for colour-blind readers and in print.
COLOURS = "YlGnBu"
NOTHING = "#ededed"  # of a cell without a value


@dataclass(frozen=True)
class Matrix:
    """A panel: a value in each cell, and what is written there."""

    title: str
    values: np.ndarray  # [R, C], NaN for none
    texts: list[list[str]]  # large
    details: list[list[str]]  # small, below


@dataclass(frozen=True)
class Map:
    """A panel: a value in each cell of a grid."""

    title: str
    values: np.ndarray  # [Y, X], NaN for none


@dataclass(frozen=True)
class Lattice:
    """The axes that maps share, in their units."""

    x: np.ndarray  # [X + 1] edges of the cells
    y: np.ndarray  # [Y + 1]
    x_label: str
    y_label: str
    point: tuple[float, float]  # to be marked: the default
    box: tuple[float, float, float, float]  # to be outlined: left, right, bottom, top


def matrices(
    found: Sequence[Matrix],
    rows: Sequence[str],
    columns: Sequence[str],
    limits: tuple[float, float],
    narrow: bool,
) -> str:
    """Annotated heatmaps: rows are trained on, columns tested on.

    Args:
      limits: the values at both ends of the colours.
    """
    across, width = (2, 3.7) if narrow else (max(3, min(4, len(found))), 10.0)
    height = 0.36 + (0.40 if narrow else 0.5) * len(rows)
    with styled():
        figure, grid = tiles(len(found), across, width, height, ("tested on", "trained on"))
        for axes, one in zip(grid, found, strict=True):
            _coloured(axes, one.values, limits)
            for row, column in np.ndindex(one.values.shape):
                _written(axes, one, row, column, limits, narrow)
            heading(axes, one.title)
        grid[0].set_xticks(np.arange(len(columns)) + 0.5, columns)
        grid[0].set_yticks(np.arange(len(rows)) + 0.5, rows)
        grid[0].invert_yaxis()
        return to_svg(figure)


def maps(
    rows: Sequence[Sequence[Map]],
    labels: Sequence[str],
    lattice: Lattice,
    limits: tuple[float, float],
    unit: str,
    narrow: bool,
) -> str:
    """Maps of a grid, a row of them for each of `labels`."""
    across = 2 if narrow else max(len(row) for row in rows)
    found = [(label, one) for label, row in zip(labels, rows, strict=True) for one in row]
    width, height, top, right = (3.7, 1.75, 0.92, 0.12) if narrow else (10.0, 2.05, 0.28, 0.85)
    with styled():
        axes_labels = (lattice.x_label, lattice.y_label)
        figure, grid = tiles(len(found), across, width, height, axes_labels, top, right)
        for axes, (label, one) in zip(grid, found, strict=True):
            mesh = _coloured(axes, one.values, limits, lattice)
            axes.plot(*lattice.point, "o", ms=5, mfc="white", mec=INK, mew=1.2)
            left, right, bottom, top = lattice.box
            outline = Rectangle((left, bottom), right - left, top - bottom, fill=False)
            outline.set(edgecolor="#D55E00", linewidth=1.4)
            axes.add_patch(outline)
            heading(axes, one.title, label.removeprefix("trained ") if narrow else label)
        _scale(figure, mesh, unit, narrow)
        return to_svg(figure)


def _scale(figure: Figure, mesh: QuadMesh, unit: str, narrow: bool) -> None:
    """What the colours mean: beside the maps, or above them on a narrow page."""
    width, height = figure.get_size_inches()
    if narrow:
        place = (0.66 / width, 1 - 0.2 / height, 1 - 0.78 / width, 0.1 / height)
    else:
        place = (1 - 0.66 / width, 0.52 / height, 0.13 / width, 1 - 0.8 / height)
    bar = figure.colorbar(
        mesh, cax=figure.add_axes(place), label=unit,
        orientation="horizontal" if narrow else "vertical",
    )  # fmt: skip
    bar.outline.set_visible(False)


def _coloured(
    axes: Axes, values: np.ndarray, limits: tuple[float, float], lattice: Lattice | None = None
) -> QuadMesh:
    """The cells of a panel."""
    edges = () if lattice is None else (lattice.x, lattice.y)
    axes.set_facecolor(NOTHING)
    mesh = axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), cmap=COLOURS, vmin=limits[0], vmax=limits[1],
        edgecolors="white", linewidth=0.4 if lattice else 1.5,
    )  # fmt: skip
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return mesh


def _written(
    axes: Axes, one: Matrix, row: int, column: int, limits: tuple[float, float], narrow: bool
) -> None:
    """A cell's text, dark on light and light on dark."""
    value = one.values[row, column]
    ink = FAINT if np.isnan(value) else _readable(colormaps[COLOURS], Normalize(*limits)(value))
    text, detail = one.texts[row][column], one.details[row][column]
    size = 8.5 if narrow else 11
    axes.text(
        column + 0.5, row + (0.38 if detail else 0.5), text,
        ha="center", va="center", color=ink, fontsize=size, fontweight="bold",
    )  # fmt: skip
    axes.text(
        column + 0.5, row + 0.74, detail,
        ha="center", va="center", color=ink, fontsize=6.2 if narrow else 7.5,
    )  # fmt: skip


def _readable(colours: Colormap, share: float) -> str:
    """Black or white, whichever contrasts more with a colour (WCAG's relative luminance)."""
    channels = np.array(colours(float(share))[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"
