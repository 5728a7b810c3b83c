"""Figures in which every row is an estimate with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from tfrl.report.labels import FAINT, INK, beside, heading, tall, wrapped
from tfrl.report.measured import MINUS
from tfrl.report.pairs import Pair
from tfrl.report.style import Drawing, Looks, drawing, panels, styled, to_svg

ROW = 0.27  # inches


@dataclass(frozen=True)
class Row:
    """One estimate; NaN where there is none, and then the note says why."""

    label: str
    estimate: float
    low: float
    high: float
    note: str = ""
    colours: tuple[str, str] = (INK, INK)  # of the two that are compared


@dataclass(frozen=True)
class Panel:
    """Rows under a title; one with an empty label and no estimate is a gap."""

    title: str
    label: str  # of the x axis
    rows: Sequence[Row]
    none: float  # where no difference is
    limits: tuple[float, float] | None = None


def forest(found: Sequence[Panel], narrow: bool) -> str:
    """Panels of estimates: beside each other with common rows, or below each other."""
    rows = max(len(panel.rows) for panel in found)
    names = [wrapped(row.label) for panel in found for row in panel.rows]
    with styled():
        width, columns = (3.7, 1) if narrow else (10.0, len(found))
        height = 0.86 + max(ROW, tall(names, 8.5)) * rows
        figure, grid = panels(len(found), columns, width, height, beside(names, 8.5))
        for axes, panel in zip(grid, found, strict=True):
            _rows(axes, panel)
            heading(axes, panel.title)
            axes.set_xlabel(panel.label)
        return to_svg(figure)


def _rows(axes: Axes, panel: Panel) -> None:
    """The rows of one panel, the first on top."""
    ends = [v for row in panel.rows for v in (row.low, row.high, row.estimate) if np.isfinite(v)]
    low, high = panel.limits or (min([*ends, panel.none]), max([*ends, panel.none]))
    margin = 0.06 * ((high - low) or 1)
    axes.axvline(panel.none, color="#8a8a8a", lw=0.9, zorder=1)
    for y, row in enumerate(panel.rows):
        inner, outer = row.colours
        if np.isfinite(row.low):
            axes.plot([row.low, row.high], [y, y], color=outer, lw=1.8, solid_capstyle="butt")
        if np.isfinite(row.estimate):
            axes.plot(row.estimate, y, "o", ms=6.5, color=inner, mec=outer, mew=1.8, clip_on=False)
        elif row.note:
            axes.text(panel.none, y, f" {row.note}", va="center", fontsize=7.5, color=FAINT)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(len(panel.rows) - 0.4, -0.6)
    labels = [wrapped(row.label) for row in panel.rows]
    axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def of_pairs(pairs: Sequence[Pair], looks: Looks, label: str) -> Drawing:
    """How often the first of each pair wins, and by how much, for a wide and a narrow page.

    Args:
      label: of the axis of differences.
    """

    def rows(name: str) -> list[Row]:
        return [
            Row(
                f"{looks[pair.a].label} {MINUS} {looks[pair.b].label}",
                one.value, one.low, one.high, one.note,
                (looks[pair.a].colour, looks[pair.b].colour),
            )
            for pair in pairs
            for one in [getattr(pair, name)]
        ]  # fmt: skip

    two = [
        Panel("First beats second", "share of pairs", rows("share"), 0.5, (0.0, 1.0)),
        Panel("Typical difference", label, rows("typical"), 0),
    ]
    return drawing(forest, two)
