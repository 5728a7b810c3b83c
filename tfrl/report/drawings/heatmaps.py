"""Heatmaps of scores: annotated matrices, and maps over two physics constants."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tfrl.report.layout import NARROW, WIDE, panel_title, tiles
from tfrl.report.style import FAINT, INK, styled
from tfrl.report.svg import to_svg

# ColorBrewer: from light to dark, safe for colour blindness and in print.
COLOURS = "YlGnBu"
MISSING = "#ededed"  # a cell without a value


@dataclass(frozen=True)
class Matrix:
    """A panel of a matrix: a value and two texts in each cell."""

    title: str
    values: np.ndarray  # [R, C], NaN for none
    texts: list[list[str]]  # large
    details: list[list[str]]  # small, below


@dataclass(frozen=True)
class GridMap:
    """A panel of a map: a value in each cell of the grid."""

    title: str
    values: np.ndarray  # [Y, X], NaN for none


@dataclass(frozen=True)
class GridAxes:
    """The axes that maps share, in their units."""

    x: np.ndarray  # [X + 1] edges of the cells
    y: np.ndarray  # [Y + 1]
    x_label: str
    y_label: str
    point: tuple[float, float]  # marked: the default physics
    box: tuple[float, float, float, float]  # outlined: left, right, bottom, top


def annotated(
    matrices: Sequence[Matrix],
    rows: Sequence[str],
    columns: Sequence[str],
    limits: tuple[float, float],
    narrow: bool,
) -> str:
    """Returns a heatmap for each matrix: rows are trained on, columns tested on.

    Args:
      limits: the values at both ends of the colours.
    """
    across, width = (2, NARROW) if narrow else (max(3, min(4, len(matrices))), WIDE)
    height = 0.36 + (0.40 if narrow else 0.5) * len(rows)
    with styled():
        figure, grid = tiles(len(matrices), across, width, height, ("tested on", "trained on"))
        for axes, matrix in zip(grid, matrices, strict=True):
            _cells(axes, matrix.values, limits)
            for row, column in np.ndindex(matrix.values.shape):
                _annotate(axes, matrix, row, column, limits, narrow)
            panel_title(axes, matrix.title)
        grid[0].set_xticks(np.arange(len(columns)) + 0.5, columns)
        grid[0].set_yticks(np.arange(len(rows)) + 0.5, rows)
        grid[0].invert_yaxis()
        return to_svg(figure)


def maps(
    rows: Sequence[Sequence[GridMap]],
    labels: Sequence[str],
    grid_axes: GridAxes,
    limits: tuple[float, float],
    unit: str,
    narrow: bool,
) -> str:
    """Returns maps of a grid, a row of them for each of `labels`."""
    across = 2 if narrow else max(len(row) for row in rows)
    parts = [(label, part) for label, row in zip(labels, rows, strict=True) for part in row]
    width, height, top, right = (NARROW, 1.75, 0.92, 0.12) if narrow else (WIDE, 2.05, 0.28, 0.85)
    with styled():
        axes_labels = (grid_axes.x_label, grid_axes.y_label)
        figure, grid = tiles(len(parts), across, width, height, axes_labels, top, right)
        for axes, (label, part) in zip(grid, parts, strict=True):
            mesh = _cells(axes, part.values, limits, grid_axes)
            axes.plot(*grid_axes.point, "o", ms=5, mfc="white", mec=INK, mew=1.2)
            left, right, bottom, top = grid_axes.box
            outline = Rectangle((left, bottom), right - left, top - bottom, fill=False)
            outline.set(edgecolor="#D55E00", linewidth=1.4)
            axes.add_patch(outline)
            panel_title(axes, part.title, label.removeprefix("trained ") if narrow else label)
        _add_colorbar(figure, mesh, unit, narrow)
        return to_svg(figure)


def _add_colorbar(figure: Figure, mesh: QuadMesh, unit: str, narrow: bool) -> None:
    """Adds the scale of the colours: right of the maps, or above them on a narrow page."""
    width, height = figure.get_size_inches()
    if narrow:
        position = (0.66 / width, 1 - 0.2 / height, 1 - 0.78 / width, 0.1 / height)
    else:
        position = (1 - 0.66 / width, 0.52 / height, 0.13 / width, 1 - 0.8 / height)
    bar = figure.colorbar(
        mesh, cax=figure.add_axes(position), label=unit,
        orientation="horizontal" if narrow else "vertical",
    )  # fmt: skip
    bar.outline.set_visible(False)


def _cells(
    axes: Axes, values: np.ndarray, limits: tuple[float, float], grid_axes: GridAxes | None = None
) -> QuadMesh:
    """Draws the coloured cells of a panel."""
    edges = () if grid_axes is None else (grid_axes.x, grid_axes.y)
    axes.set_facecolor(MISSING)
    mesh = axes.pcolormesh(
        *edges, np.ma.masked_invalid(values), cmap=COLOURS, vmin=limits[0], vmax=limits[1],
        edgecolors="white", linewidth=0.4 if grid_axes else 1.5,
    )  # fmt: skip
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return mesh


def _annotate(
    axes: Axes, matrix: Matrix, row: int, column: int, limits: tuple[float, float], narrow: bool
) -> None:
    """Writes both texts of a cell, dark on light or light on dark."""
    value = matrix.values[row, column]
    ink = FAINT if np.isnan(value) else _readable(colormaps[COLOURS], Normalize(*limits)(value))
    text, detail = matrix.texts[row][column], matrix.details[row][column]
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
    """Returns black or white, whichever has more contrast to a colour by WCAG's luminance."""
    channels = np.array(colours(float(share))[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"
