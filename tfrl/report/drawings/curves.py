"""Figures in which the lines of many seeds, or shares of them, are laid over one another."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from tfrl.analysis import returns
from tfrl.report.labels import FAINT, add_key
from tfrl.report.style import Look, Looks, key_of, panels, styled, to_svg

POINTS = 200  # of each line: about one to three pixels


def by_episode(averages: pd.DataFrame, looks: Looks, threshold: float | None, narrow: bool) -> str:
    """The talk's figure: the moving average of the return by episode, all seeds in one panel.

    Args:
      averages: of one environment and the configurations in `looks`, as `moving_average` gives.
    """
    end = shown_episodes(averages)
    with styled():
        width, height = (3.7, 3.2) if narrow else (9.0, 4.1)
        figure, (axes,) = panels(1, 1, width, height, top=0.1)
        _threshold(axes, threshold)
        sampled = averages[averages["ordinal"] % max(1, end // (2 * POINTS)) == 0]
        middle = returns.centre(sampled, "ordinal")
        for name, look in looks.items():
            mine = sampled[sampled["configuration"] == name]
            _seeds(axes, mine, "ordinal", "average", look)
            last = averages[averages["configuration"] == name].groupby("seed").tail(1)
            axes.scatter(last["ordinal"], last["average"], s=9, color=look.colour, zorder=3)
        for name, look in looks.items():
            mine = middle[middle["configuration"] == name]
            whole = mine[mine["complete"]]
            rest = mine[mine["ordinal"] >= whole["ordinal"].max()] if len(whole) else mine
            axes.plot(whole["ordinal"], whole["median"], color=look.colour, lw=2.6)
            axes.plot(rest["ordinal"], rest["median"], color=look.colour, lw=2.2, ls=(0, (2, 1)))
        axes.set(
            xlim=(0, end), xlabel="episodes", ylabel=f"return, mean of {returns.WINDOW} episodes"
        )
        add_key(
            figure,
            {look.label: Line2D([], [], color=look.colour, lw=2.6) for look in looks.values()},
        )
        return to_svg(figure)


def shown_episodes(averages: pd.DataFrame) -> int:
    """Where the axis of episodes ends: at the longest run, or at 1.5 times the median run's length.

    A run that collapses early has tens of times more episodes than the others and would squeeze
    them into the margin.
    """
    lengths = averages.groupby(returns.RUN, observed=True)["ordinal"].max()
    if lengths.empty:
        return returns.WINDOW
    typical = lengths.groupby("configuration", observed=True).median().max()
    return int(min(lengths.max(), 1.5 * typical))


def _seeds(axes: Axes, curves: pd.DataFrame, by: str, value: str, look: Look) -> None:
    """Each seed as a thin line; words where there is none."""
    known = curves.dropna(subset=[value])
    if known.empty:
        axes.text(
            0.5, 0.5, "no run has a value", transform=axes.transAxes, ha="center", color=FAINT
        )
        return
    lines = [own[[by, value]].to_numpy(float) for _, own in known.groupby("seed")]
    axes.add_collection(LineCollection(lines, colors=look.colour, linewidths=0.7, alpha=0.55))
    axes.autoscale_view()


def _threshold(axes: Axes, threshold: float | None) -> None:
    """A dotted line where the task counts as solved."""
    if threshold is not None:
        axes.axhline(threshold, color="#8a8a8a", lw=0.9, ls=(0, (1, 2)), zorder=1)


def profile(found: pd.DataFrame, looks: Looks, narrow: bool) -> str:
    """The share of runs above tau, a falling line with its band for each configuration.

    Args:
      found: [configuration, tau, share, low, high], as `aggregates.performance_profile`.
    """
    with styled():
        width, height = (3.7, 3.0) if narrow else (10.0, 3.4)
        figure, (axes,) = panels(1, 1, width, height, top=0.1)
        for name, look in looks.items():
            mine = found[found["configuration"] == name]
            axes.fill_between(
                mine["tau"], mine["low"], mine["high"], color=look.colour, alpha=0.15, lw=0
            )
            axes.plot(mine["tau"], mine["share"], color=look.colour, ls=look.dash, lw=2)
        axes.axvline(1, color="#8a8a8a", lw=0.9, ls=(0, (1, 2)), zorder=1)
        axes.set(xlabel="tau, normalised return", ylabel="share of runs above tau", ylim=(0, 1.02))
        axes.set_xlim(found["tau"].min(), found["tau"].max())
        add_key(figure, key_of(looks))
        return to_svg(figure)
