"""The strip: the training curve of every seed, each in its own cell."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from tfrl.report import layout
from tfrl.report.style import FAINT, Style, Styles, styled
from tfrl.report.svg import to_svg

GAP = 0.1  # between cells, in cells
ROW, TITLE = 0.46, 0.24  # inches
EMPTY = "#f1f2f4"


def strip(
    keys: pd.DataFrame,
    values: np.ndarray,
    runs: pd.DataFrame,
    styles: Styles,
    remarks: Mapping[str, str],
    limits: tuple[float, float],
    threshold: float | None,
    narrow: bool,
) -> str:
    """Returns a row of cells per configuration; a seed has the same column in each.

    Args:
      keys: [R] rows of [configuration, seed].
      values: [R, G], their curves on a common grid of steps; NaN before they begin.
      runs: all planned runs, [configuration, seed]; one without a curve is crossed out.
      remarks: by configuration, text after its name on a narrow page.
      limits: of the returns, bottom and top of a cell.
    """
    seeds = sorted(runs["seed"].unique())
    across = min(len(seeds), 10 if narrow else 20)
    lines = -(-len(seeds) // across)
    position = {seed: divmod(order, across) for order, seed in enumerate(seeds)}
    titles = [f"{style.label}  {remarks[name]}" for name, style in styles.items()]
    names = [
        layout.wrapped(title, 46) if narrow else layout.wrapped(style.label)
        for title, style in zip(titles, styles.values(), strict=True)
    ]
    left = 0.04 if narrow else layout.label_margin(names)
    title = max(TITLE, layout.row_height(names))
    block = lines * ROW + title if narrow else max(lines * ROW, layout.row_height(names)) + 0.12
    with styled():
        width = layout.NARROW if narrow else layout.WIDE
        figure, (axes,) = layout.panels(1, 1, width, len(styles) * block + 0.34, left, 0.3, 0.04)
        down = 0.0  # inches
        for (name, style), label in zip(styles.items(), names, strict=True):
            if narrow:
                _label(axes, (0, down + 0.03 + title / 2), label, left=True)
                down += title
            else:
                _label(
                    axes, (-0.25, down + max(ROW, layout.row_height(names)) / 2), label, left=False
                )
            rows = (keys["configuration"] == name).to_numpy()
            curves = dict(zip(keys["seed"][rows], values[rows], strict=True))
            planned = runs.loc[runs["configuration"] == name, "seed"]
            _cells(axes, curves, list(planned), style, position, down, limits, threshold)
            down += block - (title if narrow else 0)
        axes.set(xlim=(-0.02, across - GAP + 0.02), ylim=(down, 0))
        axes.axis("off")
        _below(axes, across, down, narrow)
        return to_svg(figure)


def _label(axes: Axes, at: tuple[float, float], text: str, left: bool) -> None:
    side = "left" if left else "right"
    axes.text(*at, text, ha=side, va="center", fontsize=9, clip_on=False)


def _cells(
    axes: Axes,
    curves: Mapping[int, np.ndarray],
    planned: Sequence[int],
    style: Style,
    position: Mapping[int, tuple[int, int]],
    down: float,
    limits: tuple[float, float],
    threshold: float | None,
) -> None:
    """Draws the cells of one configuration, `down` inches below the top."""
    high, size = ROW - 0.07, 1 - GAP
    corners = {seed: (position[seed][1], down + position[seed][0] * ROW + high) for seed in planned}
    empty = [
        [(x, y), (x, y - high), (x + size, y - high), (x + size, y)] for x, y in corners.values()
    ]
    axes.add_collection(PolyCollection(empty, facecolors=EMPTY, lw=0))
    areas = []
    for seed, curve in curves.items():
        x, y = corners[seed]
        share = np.clip((curve - limits[0]) / (limits[1] - limits[0]), 0, 1)
        finite = np.isfinite(share)
        steps = x + np.linspace(0, size, len(curve))[finite]
        ends = [steps[:1], steps, steps[-1:]]
        up = np.concatenate([[0], share[finite], [0]])
        areas.append(np.column_stack([np.concatenate(ends), y - high * up]))
    axes.add_collection(PolyCollection(areas, facecolors=style.colour, lw=0))
    for x, y in (corner for seed, corner in corners.items() if seed not in curves):
        axes.text(x + size / 2, y - high / 2, "×", ha="center", va="center", color=FAINT)
    if threshold is not None:
        up = high * (threshold - limits[0]) / (limits[1] - limits[0])
        ends = [[(x, y - up), (x + size, y - up)] for x, y in corners.values()]
        axes.add_collection(LineCollection(ends, colors="#444444", lw=0.6, ls=(0, (1, 1.5))))


def _below(axes: Axes, across: int, down: float, narrow: bool) -> None:
    """Explains a cell, below the last row."""
    text = "a cell: one seed, from its first step to its last"
    if not narrow:
        text = "each cell: one seed, from its first step to its last; seeds in order"
    axes.text(0, down + 0.12, text, ha="left", va="center", fontsize=8, color=FAINT)
