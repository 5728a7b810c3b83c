"""Figures of how soon: shares of seeds over time, and medians over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from tfrl.report.labels import add_key, heading, label_steps
from tfrl.report.style import Looks, key_of, panels, styled, to_svg


@dataclass(frozen=True)
class Course:
    """A line with its band for each configuration."""

    title: str
    label: str  # of the x axis
    lines: Mapping[str, pd.DataFrame]  # by configuration: [x, y, low, high]
    logarithmic: bool = False
    stairs: bool = False  # constant until the next point
    share: bool = False  # of 1, shown in percent
    level: float | None = None  # drawn as a dotted line


def courses(found: Sequence[Course], looks: Looks, label: str, narrow: bool) -> str:
    """Panels with a line for each configuration.

    Args:
      label: of the y axes that are no share.
    """
    with styled():
        columns, width = (1, 3.7) if narrow else (min(2, len(found)), 10.0)
        figure, grid = panels(len(found), columns, width, 2.45, top=0.34)
        for axes, run_state in zip(grid, found, strict=True):
            _lines(axes, run_state, looks)
            heading(axes, run_state.title)
            axes.set(xlabel=run_state.label, ylabel="share of seeds" if run_state.share else label)
        add_key(figure, key_of(looks))
        return to_svg(figure)


def _lines(axes: Axes, run_state: Course, looks: Looks) -> None:
    if run_state.level is not None:
        axes.axhline(run_state.level, color="#8a8a8a", lw=0.9, ls=(0, (1, 2)), zorder=1)
    for name, points in run_state.lines.items():
        look, x = looks[name], points["x"].to_numpy(float)
        step: Literal["post"] | None = "post" if run_state.stairs else None
        axes.fill_between(
            x, points["low"], points["high"], color=look.colour, alpha=0.12, lw=0, step=step
        )
        draw = "steps-post" if run_state.stairs else "default"
        axes.plot(x, points["y"], color=look.colour, ls=look.dash, lw=2, drawstyle=draw)
    if run_state.share:
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))
    if run_state.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.minorticks_off()
    else:
        axes.set_xlim(0)
        label_steps(axes)
