"""Losses over training."""

from collections.abc import Sequence

import pandas as pd

from tfrl.report.style import Look, heading, label_steps, panels, styled, to_svg

COLUMNS, NARROW_COLUMNS = 3, 1


def losses(curves: pd.DataFrame, names: Sequence[str], look: Look, narrow: bool) -> str:
    """A panel for each loss: the median over the seeds, and a band from the least to the greatest.

    Args:
      curves: of one environment and configuration, as `analysis.losses.over_seeds` gives.
      names: of the losses, in the order of the panels.
    """
    columns = NARROW_COLUMNS if narrow else COLUMNS
    with styled():
        figure, found = panels(len(names), columns, 3.7 if narrow else 10.0, 1.9)
        for axes, name in zip(found, names, strict=True):
            mine = curves[curves["name"] == name]
            steps, colour = mine["step"], look.colour
            axes.fill_between(steps, mine["low"], mine["high"], color=colour, alpha=0.2, lw=0)
            axes.plot(steps, mine["median"], color=colour, lw=1.6)
            heading(axes, name.replace("_", " "))
            axes.set_xlim(0, mine["step"].max())
            label_steps(axes, 4)
        return to_svg(figure)
