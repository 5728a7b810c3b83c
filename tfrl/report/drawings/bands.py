"""Gaps over training, and scores by the number of training levels: means over seeds with bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from tfrl.report import layout
from tfrl.report.style import FAINT, LINE, styled
from tfrl.report.svg import to_svg

# Of variations: Tol's "muted", safe for colour blindness, with dashes and markers.
SHIFTED = (
    ("#882255", (0, (5, 1.5)), "s"),
    ("#117733", (0, (1.5, 1.2)), "^"),
    ("#6699CC", (0, (5, 1.5, 1.5, 1.5)), "D"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DECADE = 1.2  # from the largest number of levels to "unbounded" on the axis


@dataclass(frozen=True)
class LineStyle:
    """Label, colour, dash and marker of a line."""

    label: str
    colour: str = ""  # empty for the panel's
    dash: Any = "solid"
    marker: str = "o"


@dataclass(frozen=True)
class BandPanel:
    """A panel with a table of points for each of its lines."""

    title: str
    remark: str
    colour: str  # of the agent
    lines: Mapping[str, pd.DataFrame]  # by key of the figure's lines
    empty: str = ""  # why there is nothing to draw; empty if there is something


def over_training(
    parts: Sequence[BandPanel],
    lines: Mapping[str, LineStyle],
    steps: int,
    margin: float,
    label: str,
    columns: int,
    narrow: bool,
) -> str:
    """Returns gaps by environment step, with bands and the zone of gaps too small to matter.

    Args:
      parts: with [step, gap, low, high] for each line.
      margin: the least gap that matters; NaN if not known.
      columns: of panels, on a wide page.
    """
    width, height, columns = (layout.NARROW, 1.5, 2) if narrow else (layout.WIDE, 1.75, columns)
    with styled():
        labels, top = ("environment steps", label), 0.3
        figure, grid = layout.tiles(len(parts), columns, width, height, labels, top)
        for axes, panel in zip(grid, parts, strict=True):
            axes.axhline(0, color=LINE, lw=0.9, zorder=1)
            if np.isfinite(margin):
                axes.axhspan(-margin, margin, color="#c4c4c4", lw=0, zorder=0.5)
                for edge in (-margin, margin):  # seen through the bands
                    axes.axhline(edge, color="#555555", lw=0.8, ls=(0, (1, 1.5)), zorder=3)
            for key, points in panel.lines.items():
                line = lines[key]
                colour = line.colour or panel.colour
                axes.fill_between(
                    points["step"], points["low"], points["high"], color=colour, alpha=0.16, lw=0
                )
                axes.plot(
                    points["step"], points["gap"], color=colour, ls=line.dash, lw=1.8,
                    marker=line.marker, ms=3,
                )  # fmt: skip
            layout.say_no_data(axes, panel.empty, 0.75, 8)
            remark = panel.remark.removeprefix("trained ") if narrow else panel.remark
            layout.panel_title(axes, panel.title, remark)
            axes.set(xlim=(0, steps), xlabel="", ylabel="")
            layout.label_steps(axes, 3 if narrow else 5)
        layout.add_legend(figure, _legend(lines))
        return to_svg(figure)


def by_levels(
    parts: Sequence[BandPanel],
    lines: Mapping[str, LineStyle],
    counts: np.ndarray,
    label: str,
    limits: tuple[float, float] | None,
    narrow: bool,
) -> str:
    """Returns scores by the number of training levels: a point for each seed, means with intervals.

    Args:
      parts: with [levels, seed, score, mean, low, high] for each line, a row a seed; levels is
        infinite for unbounded.
      counts: of levels, in order: the ticks of the x axis.
      limits: of the scores, if known.
    """
    columns, width, height = (1, layout.NARROW, 1.9) if narrow else (2, layout.WIDE, 2.05)
    with styled():
        labels, top = ("levels trained on", label), 0.3
        figure, grid = layout.tiles(len(parts), columns, width, height, labels, top)
        position = dict(zip(counts, _positions(counts), strict=True))
        for axes, panel in zip(grid, parts, strict=True):
            for shift, (key, points) in enumerate(panel.lines.items()):
                x = np.array([position[count] for count in points["levels"]])
                _points(axes, x + 0.09 * (shift - (len(lines) - 1) / 2), points, lines[key], panel)
            layout.panel_title(axes, panel.title, panel.remark)
            axes.set_xticks(
                list(position.values()), [_tick(count) for count in position], fontsize=7
            )
            axes.set_xlim(min(position.values()) - 0.3, max(position.values()) + 0.45)
            axes.set(xlabel="", ylabel="")
            if limits:
                pad = 0.04 * (limits[1] - limits[0])
                axes.set_ylim(limits[0] - pad, limits[1] + pad)
        layout.add_legend(figure, _legend(lines))
        return to_svg(figure)


def _points(
    axes: Axes, x: np.ndarray, points: pd.DataFrame, line: LineStyle, panel: BandPanel
) -> None:
    """Draws one line: each seed faint, the mean with its interval."""
    colour = line.colour or panel.colour
    axes.plot(x, points["score"], "o", ms=3, color=colour, alpha=0.3, mew=0)
    mean = points.assign(x=x).drop_duplicates("x").sort_values("x")
    axes.vlines(mean["x"], mean["low"], mean["high"], color=colour, lw=1.3)
    axes.plot(
        mean["x"], mean["mean"], color=colour, ls=line.dash, lw=1.8, marker=line.marker, ms=4.5
    )


def _positions(counts: np.ndarray) -> np.ndarray:
    """Returns positions on a logarithmic axis that ends in "unbounded"."""
    logarithms = np.log10(counts)
    last = logarithms[np.isfinite(counts)].max(initial=0)
    return np.where(np.isinf(counts), last + DECADE, logarithms)


def _tick(count: float) -> str:
    if np.isinf(count):
        return "unbounded"
    return f"{count / 1000:g}k" if count >= 1000 else f"{count:g}"


def _legend(lines: Mapping[str, LineStyle]) -> dict[str, Line2D]:
    """Returns the legend entry of each line, by its label."""
    return {
        line.label: Line2D(
            [], [], color=line.colour or FAINT, ls=line.dash, lw=1.8, marker=line.marker, ms=4
        )
        for line in lines.values()
    }
