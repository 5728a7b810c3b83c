"""Figures with a line and a band for each configuration: progress, losses, performance profile."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from tfrl.report import layout
from tfrl.report.style import DOTTED, Style, Styles, styled
from tfrl.report.svg import to_svg

_MOST_BANDS = 3  # with more configurations, the bands of losses would hide one another


@dataclass(frozen=True)
class ProgressPanel:
    """A panel with a line and a band for each configuration."""

    title: str
    label: str  # of the x axis
    lines: Mapping[str, pd.DataFrame]  # by configuration: [x, y, low, high]
    logarithmic: bool = False  # the x axis
    stairs: bool = False  # constant until the next point
    share: bool = False  # of 1, shown in percent
    level: float | None = None  # of a dotted line


def progress(parts: Sequence[ProgressPanel], styles: Styles, label: str, narrow: bool) -> str:
    """Returns panels over steps, updates or seconds.

    Args:
      label: of the y axes that show no share.
    """
    with styled():
        columns, width = (1, layout.NARROW) if narrow else (min(2, len(parts)), layout.WIDE)
        figure, grid = layout.panels(len(parts), columns, width, 2.45, top=0.34)
        for axes, part in zip(grid, parts, strict=True):
            if part.level is not None:
                axes.axhline(part.level, **DOTTED)
            for name, points in part.lines.items():
                _line(axes, points, ("x", "y"), styles[name], 0.12, stairs=part.stairs)
            _scale(axes, part)
            layout.panel_title(axes, part.title)
            axes.set(xlabel=part.label, ylabel="share of seeds" if part.share else label)
        layout.add_legend(figure, layout.legend_lines(styles))
        return to_svg(figure)


def _scale(axes: Axes, part: ProgressPanel) -> None:
    """Sets the scale and the ticks of both axes."""
    if part.share:
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
    if part.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.minorticks_off()
    else:
        axes.set_xlim(0)
        layout.label_steps(axes)


def losses(curves: pd.DataFrame, names: Sequence[str], styles: Styles, narrow: bool) -> str:
    """Returns a panel for each loss: the median over the seeds of each configuration.

    With few configurations, a band reaches from the lowest seed to the highest.

    Args:
      curves: of one environment and of the configurations in `styles`, from `over_seeds`.
      names: of the losses, in the order of the panels.
    """
    opacity = 0.2 if len(styles) <= _MOST_BANDS else 0.0
    with styled():
        width, columns = (layout.NARROW, 1) if narrow else (layout.WIDE, 3)
        figure, grid = layout.panels(len(names), columns, width, 1.9)
        for axes, loss in zip(grid, names, strict=True):
            for name, style in styles.items():
                points = curves[(curves["name"] == loss) & (curves["configuration"] == name)]
                _line(axes, points, ("step", "median"), style, opacity, width=1.4)
            layout.panel_title(axes, loss.replace("_", " "))
            axes.set_xlim(0, curves["step"].max())
            layout.label_steps(axes, 4)
        layout.add_legend(figure, layout.legend_lines(styles))
        return to_svg(figure)


def profile(shares: pd.DataFrame, styles: Styles, narrow: bool) -> str:
    """Returns the performance profile: the share of runs above tau for each configuration.

    Args:
      shares: [configuration, tau, share, low, high], from `aggregates.performance_profile`.
    """
    with styled():
        width, height = (layout.NARROW, 3.0) if narrow else (layout.WIDE, 3.4)
        figure, (axes,) = layout.panels(1, 1, width, height, top=0.1)
        for name, style in styles.items():
            points = shares[shares["configuration"] == name]
            _line(axes, points, ("tau", "share"), style, 0.15)
        axes.axvline(1, **DOTTED)
        axes.set(xlabel="tau, normalised return", ylabel="share of runs above tau", ylim=(0, 1.02))
        axes.set_xlim(shares["tau"].min(), shares["tau"].max())
        layout.add_legend(figure, layout.legend_lines(styles))
        return to_svg(figure)


def _line(
    axes: Axes,
    points: pd.DataFrame,
    columns: tuple[str, str],
    style: Style,
    opacity: float,
    width: float = 2,
    stairs: bool = False,
) -> None:
    """Draws the columns x and y as a line, and a band from `low` to `high` unless transparent."""
    x, y = columns
    if opacity:
        axes.fill_between(
            points[x], points["low"], points["high"], color=style.colour, alpha=opacity, lw=0,
            step="post" if stairs else None,
        )  # fmt: skip
    draw = "steps-post" if stairs else "default"
    axes.plot(points[x], points[y], color=style.colour, ls=style.dash, lw=width, drawstyle=draw)
