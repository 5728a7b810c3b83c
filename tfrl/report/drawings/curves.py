"""The figure of the talk on APO: the moving average of the return by episode, all seeds at once."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from tfrl.analysis import returns
from tfrl.report.layout import NARROW, add_legend, panels, say_no_data
from tfrl.report.style import DOTTED, Style, Styles, styled
from tfrl.report.svg import to_svg

POINTS = 200  # of each line: about one to three pixels


def by_episode(
    averages: pd.DataFrame, styles: Styles, threshold: float | None, narrow: bool
) -> str:
    """Returns the figure: each seed a thin line, the median over the seeds a thick one.

    Args:
      averages: of one environment and the configurations in `styles`, from `moving_average`.
    """
    end = shown_episodes(averages)
    with styled():
        width, height = (NARROW, 3.2) if narrow else (9.0, 4.1)
        figure, (axes,) = panels(1, 1, width, height, top=0.1)
        if threshold is not None:
            axes.axhline(threshold, **DOTTED)
        sampled = averages[averages["ordinal"] % max(1, end // (2 * POINTS)) == 0]
        medians = returns.centre(sampled, "ordinal")
        for name, style in styles.items():
            _seeds(axes, sampled[sampled["configuration"] == name], style)
            last = averages[averages["configuration"] == name].groupby("seed").tail(1)
            axes.scatter(last["ordinal"], last["average"], s=9, color=style.colour, zorder=3)
        for name, style in styles.items():
            median = medians[medians["configuration"] == name]
            all_runs = median[median["complete"]]
            ends = all_runs["ordinal"].max() if len(all_runs) else 0
            rest = median[median["ordinal"] >= ends]  # after the first run's end
            axes.plot(all_runs["ordinal"], all_runs["median"], color=style.colour, lw=2.6)
            axes.plot(rest["ordinal"], rest["median"], color=style.colour, lw=2.2, ls=(0, (2, 1)))
        axes.set(
            xlim=(0, end), xlabel="episodes", ylabel=f"return, mean of {returns.WINDOW} episodes"
        )
        add_legend(
            figure,
            {style.label: Line2D([], [], color=style.colour, lw=2.6) for style in styles.values()},
        )
        return to_svg(figure)


def shown_episodes(averages: pd.DataFrame) -> int:
    """Returns the end of the axis: the longest run, or 1.5 times the median run's length.

    A run that collapses early has tens of times more episodes than the others, and would squeeze
    them into the margin.
    """
    lengths = averages.groupby(returns.RUN, observed=True)["ordinal"].max()
    if lengths.empty:
        return returns.WINDOW
    typical = lengths.groupby("configuration", observed=True).median().max()
    return int(min(lengths.max(), 1.5 * typical))


def _seeds(axes: Axes, averages: pd.DataFrame, style: Style) -> None:
    """Draws each seed as a thin line."""
    finite = averages.dropna(subset=["average"])
    if finite.empty:
        say_no_data(axes, "no run has a value")
        return
    lines = [run[["ordinal", "average"]].to_numpy(float) for _, run in finite.groupby("seed")]
    axes.add_collection(LineCollection(lines, colors=style.colour, linewidths=0.7, alpha=0.55))
    axes.autoscale_view()
