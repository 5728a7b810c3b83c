"""Losses over training."""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes

from tfrl.report.labels import add_key, heading, label_steps
from tfrl.report.style import Looks, key_of, panels, styled, to_svg

_COLUMNS = 3
_BANDS = 3  # the most configurations that have a band each; more would hide one another


def losses(curves: pd.DataFrame, names: Sequence[str], looks: Looks, narrow: bool) -> str:
    """A panel for each loss with the median over the seeds of each configuration.

    With few configurations, a band reaches from the lowest seed to the highest.

    Args:
      curves: of one environment and of the configurations in `looks`, as `over_seeds` gives.
      names: of the losses, in the order of the panels.
    """
    with styled():
        width, columns = (3.7, 1) if narrow else (10.0, _COLUMNS)
        figure, found = panels(len(names), columns, width, 1.9)
        for axes, name in zip(found, names, strict=True):
            _panel(axes, curves[curves["name"] == name], looks)
            heading(axes, name.replace("_", " "))
            axes.set_xlim(0, curves["step"].max())
            label_steps(axes, 4)
        add_key(figure, key_of(looks))
        return to_svg(figure)


def _panel(axes: Axes, curves: pd.DataFrame, looks: Looks) -> None:
    for name, look in looks.items():
        mine = curves[curves["configuration"] == name]
        if len(looks) <= _BANDS:
            band = (mine["step"], mine["low"], mine["high"])
            axes.fill_between(*band, color=look.colour, alpha=0.2, lw=0)
        axes.plot(mine["step"], mine["median"], color=look.colour, ls=look.dash, lw=1.4)
