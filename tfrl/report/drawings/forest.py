"""Forest plots: every row is an estimate with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from tfrl.report import layout
from tfrl.report.estimates import MINUS, IntervalEstimate
from tfrl.report.pairwise import Pair
from tfrl.report.style import FAINT, INK, LINE, Styles, styled
from tfrl.report.svg import SvgFigure, svg_figure, to_svg

ROW = 0.27  # inches


@dataclass(frozen=True)
class ForestRow:
    """One estimate, in the unit of the axis; its note is shown if there is none."""

    label: str
    estimate: IntervalEstimate
    colours: tuple[str, str] = (INK, INK)  # of the two configurations that are compared


@dataclass(frozen=True)
class ForestPanel:
    """Rows under a title."""

    title: str
    label: str  # of the x axis
    rows: Sequence[ForestRow]
    null: float  # the value of no difference
    limits: tuple[float, float] | None = None


def forest(parts: Sequence[ForestPanel], narrow: bool) -> str:
    """Returns panels of estimates, side by side or one below the other."""
    rows = max(len(part.rows) for part in parts)
    names = [layout.wrapped(row.label) for part in parts for row in part.rows]
    with styled():
        width, columns = (layout.NARROW, 1) if narrow else (layout.WIDE, len(parts))
        height = 0.86 + max(ROW, layout.row_height(names, 8.5)) * rows
        figure, grid = layout.panels(
            len(parts), columns, width, height, layout.label_margin(names, 8.5)
        )
        for axes, part in zip(grid, parts, strict=True):
            _rows(axes, part)
            layout.panel_title(axes, part.title)
            axes.set_xlabel(part.label)
        return to_svg(figure)


def _rows(axes: Axes, panel: ForestPanel) -> None:
    """Draws the rows of one panel, the first on top."""
    estimates = [row.estimate for row in panel.rows]
    ends = [x for one in estimates for x in (one.low, one.high, one.value) if np.isfinite(x)]
    low, high = panel.limits or (min([*ends, panel.null]), max([*ends, panel.null]))
    margin = 0.06 * ((high - low) or 1)
    axes.axvline(panel.null, color=LINE, lw=0.9, zorder=1)
    for y, row in enumerate(panel.rows):
        estimate, (inner, outer) = row.estimate, row.colours
        if np.isfinite(estimate.low):
            ends = [estimate.low, estimate.high]
            axes.plot(ends, [y, y], color=outer, lw=1.8, solid_capstyle="butt")
        if estimate:
            axes.plot(
                estimate.value, y, "o", ms=6.5, color=inner, mec=outer, mew=1.8, clip_on=False
            )
        elif estimate.note:
            axes.text(panel.null, y, f" {estimate.note}", va="center", fontsize=7.5, color=FAINT)
    axes.set_xlim(low - margin, high + margin)
    layout.label_rows(axes, [layout.wrapped(row.label) for row in panel.rows], 8.5, 0.6)


def pair_label(a: str, b: str, styles: Styles) -> str:
    """Returns `PPO − DQN`."""
    return f"{styles[a].label} {MINUS} {styles[b].label}"


def pair_row(a: str, b: str, estimate: IntervalEstimate, styles: Styles) -> ForestRow:
    """Returns the row of a comparison of configurations a and b."""
    colours = (styles[a].colour, styles[b].colour)
    return ForestRow(pair_label(a, b, styles), estimate, colours)


def wins(rows: Sequence[ForestRow]) -> ForestPanel:
    """Returns the panel of the shares of pairs that the first of two configurations wins."""
    return ForestPanel("First beats second", "share of pairs", rows, 0.5, (0.0, 1.0))


def of_pairs(pairs: Sequence[Pair], styles: Styles, label: str) -> SvgFigure:
    """Returns how often the first of each pair wins, and by how much.

    Args:
      label: of the axis of differences.
    """
    shares = [pair_row(pair.a, pair.b, pair.share, styles) for pair in pairs]
    differences = [pair_row(pair.a, pair.b, pair.typical, styles) for pair in pairs]
    return svg_figure(
        forest, [wins(shares), ForestPanel("Typical difference", label, differences, 0)]
    )
