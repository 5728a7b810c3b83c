"""Figures in which every seed is a dot."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tfrl.report.labels import FAINT, INK, beside, heading, tall
from tfrl.report.style import Looks, panels, styled, to_svg

CROWD = 3  # dots above and below the first of a pile before they overlap
SUMMARY = 0.36  # of a row, from its middle down to the line of estimates
ROW, LOW = 0.62, 0.235  # inches


def scores(
    found: Sequence[tuple[str, pd.DataFrame, pd.DataFrame]], looks: Looks, narrow: bool
) -> str:
    """Each seed's score, a row per configuration, and below the dots what they estimate.

    Args:
      found: of each panel its label, [configuration, seed, score] and what `evidence.summarise`
        gives for them.
    """
    with styled():
        width, key = 3.7 if narrow else 4.9, 0.36
        labels = [look.lines for look in looks.values()]
        row_height = max(ROW if len(found) == 1 else 0.7 * ROW, tall(labels))
        height = 0.72 + key + row_height * len(looks)
        figure, grid = panels(len(found), 1, width, height, beside(labels), 0.46, 0.1 + key)
        for axes, (label, values, summary) in zip(grid, found, strict=True):
            _rows(axes, values, "score", looks)
            for row, name in enumerate(looks):
                estimates = summary[summary["configuration"] == name]
                if len(estimates):
                    _estimates(axes, row + SUMMARY, estimates.iloc[0], looks[name].colour)
            axes.set_xlabel(label)
        _key(figure, 3)
        return to_svg(figure)


def _estimates(axes: Axes, y: float, row: pd.Series, colour: str) -> None:
    """Tolerance interval, interval of the mean, and the IQM, where there are any."""
    line: dict[str, Any] = {"solid_capstyle": "butt", "clip_on": False}
    axes.plot(
        [row["tolerance_low"], row["tolerance_high"]],
        [y, y],
        color=colour,
        lw=7,
        alpha=0.22,
        **line,
    )
    axes.plot([row["mean_low"], row["mean_high"]], [y, y], color=INK, lw=1.6, **line)
    axes.plot(row["mean"], y, "o", ms=4.5, color=INK, clip_on=False)
    axes.plot(row["iqm"], y, "D", ms=4.5, mfc="none", mec=INK, mew=0.9, clip_on=False)


def _key(figure: Figure, columns: int) -> None:
    """What the marks are, above all panels."""
    marks = {
        "one seed": Line2D([], [], ls="", marker="o", ms=4.5, color=FAINT),
        "median": Line2D([], [], ls="", marker="|", ms=10, mew=1.2, color=INK),
        "mean, 95% interval": Line2D([], [], lw=1.6, marker="o", ms=4.5, color=INK),
        "IQM": Line2D([], [], ls="", marker="D", ms=4.5, mfc="none", color=INK),
        "tolerance": Patch(color=FAINT, alpha=0.25, lw=0),
    }
    figure.legend(
        list(marks.values()), list(marks), loc="upper right", ncols=columns, frameon=False,
        fontsize=7.5, borderpad=0.1, handlelength=1.6, columnspacing=1.3, labelcolor=FAINT,
    )  # fmt: skip


def lined_up(
    found: Sequence[tuple[str, pd.DataFrame]], label: str, looks: Looks, narrow: bool
) -> str:
    """Each seed's score, a low row per configuration: panels beside each other, or below.

    Args:
      found: of each panel its title and [configuration, seed, score].
      label: of all x axes.
    """
    with styled():
        width, columns = (3.7, 1) if narrow else (4.9, len(found))
        labels = [look.lines for look in looks.values()]
        left, height = beside(labels, 8), 0.72 + max(LOW, tall(labels, 8)) * len(looks)
        lefts = [left if narrow or not place else 0.1 for place in range(len(found))]
        figure, grid = panels(len(found), columns, width, height, lefts, 0.42, 0.3)
        for axes, (title, values) in zip(grid, found, strict=True):
            limits = (values["score"].min(), values["score"].max()) if len(values) else None
            _rows(axes, values, "score", looks, limits, spread=0.0, size=4)
            axes.tick_params(axis="y", labelsize=8, labelleft=narrow or axes is grid[0])
            heading(axes, title)
        figure.text(
            1 - 0.14 / width, 0.06 / figure.get_figheight(), label, ha="right", fontsize=8.5
        )
        return to_svg(figure)


def measures(values: pd.DataFrame, labels: Mapping[str, str], looks: Looks, narrow: bool) -> str:
    """Each run's value of several measures, a panel for each.

    Args:
      values: [configuration, seed] and a column for each measure.
      labels: of the measures, by column.
    """
    with styled():
        columns, width = (1, 3.7) if narrow else (len(labels), 10.0)
        rows = [look.lines for look in looks.values()]
        height = 0.6 + max(ROW, tall(rows)) * len(looks)
        figure, grid = panels(len(labels), columns, width, height, beside(rows), 0.3)
        for axes, (column, label) in zip(grid, labels.items(), strict=True):
            _rows(axes, values, column, looks)
            heading(axes, label)
        return to_svg(figure)


def beside_published(
    values: pd.DataFrame,
    labels: Mapping[str, str],
    looks: Looks,
    published: Mapping[str, Mapping[str, float]],
    narrow: bool,
) -> str:
    """Each run's success in several measures, a panel below another, and what others published.

    Args:
      values: [configuration, seed] and a column of percentages for each measure.
      labels: of the measures, by column.
      published: percentages by agent and column.
    """
    with styled():
        ticks = [*(look.lines for look in looks.values()), "published"]
        height, left = 0.66 + max(0.24, tall(ticks, 8)) * len(ticks), beside(ticks, 8)
        figure, grid = panels(len(labels), 1, 3.6 if narrow else 7.0, height, left, 0.4, 0.26)
        for axes, (column, label) in zip(grid, labels.items(), strict=True):
            _rows(axes, values, column, looks, (0.0, 100.0), spread=0.06)
            row = len(looks)
            for side, (agent, means) in zip((-1, 1), published.items(), strict=True):
                axes.plot(means[column], row, "D", ms=5, mfc="none", mec=INK, clip_on=False)
                axes.annotate(
                    agent, (means[column], row), (5 * side, 0), textcoords="offset points",
                    ha="right" if side < 0 else "left", va="center", fontsize=7, color=FAINT,
                )  # fmt: skip
            axes.set_yticks(range(row + 1), ticks)
            axes.tick_params(axis="y", labelsize=8)
            axes.set_ylim(row + 0.6, -0.6)
            heading(axes, label)
        grid[-1].set_xlabel("success, %")
        return to_svg(figure)


def _rows(
    axes: Axes,
    values: pd.DataFrame,
    column: str,
    looks: Looks,
    limits: tuple[float, float] | None = None,
    spread: float = 0.09,
    size: float = 5,
) -> None:
    """A row of dots per configuration, the first on top, and a tick at each median.

    Args:
      limits: of the x axis; None for those of the values, and 0.
      spread: between dots of nearly equal x, as a share of a row; 0 to let them overlap.
      size: of a dot, in points.
    """
    known = values.dropna(subset=[column])
    low, high = (known[column].min(), known[column].max()) if len(known) else (0.0, 0.0)
    low, high = limits or (min(low, 0.0), max(high, min(low, 0.0) + 1.0))
    margin = 0.04 * (high - low)
    for row, (name, look) in enumerate(looks.items()):
        x = np.sort(known.loc[known["configuration"] == name, column].to_numpy(float))
        if not len(x):
            axes.text(low, row, "no run has a value", va="center", color=FAINT, fontsize=8)
            continue
        middle = np.median(x)
        axes.plot([middle, middle], [row - 0.34, row + 0.34], color=INK, lw=1.2, zorder=1)
        stack = np.round(x * 60 / (high - low))
        y = row + _offsets(stack, spread)
        axes.plot(x, y, "o", ms=size, mec="white", mew=0.5, color=look.colour, clip_on=False)
        if spread:
            _counts(axes, row, x, stack, (low + high) / 2)
    if known.empty:
        axes.set_xticks([])
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(len(looks) - 0.45, -0.55)
    axes.set_yticks(range(len(looks)), [look.lines for look in looks.values()])
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="", ylabel="")


def _offsets(stack: np.ndarray, spread: float) -> np.ndarray:
    """Vertical offsets that keep dots of nearly equal x apart: 0, up, down, further up, ...

    Args:
      stack: [n] which pile each dot belongs to.
      spread: the least between two.
    """
    rank = pd.Series(stack).groupby(stack).cumcount().to_numpy()
    place = (rank + 1) // 2 * np.where(rank % 2, -1, 1)
    return place * min(spread, 0.28 / max(1, np.abs(place).max()))


def _counts(axes: Axes, row: int, x: np.ndarray, stack: np.ndarray, middle: float) -> None:
    """How many dots there are, above each pile in which they overlap."""
    for _, dots in pd.Series(x).groupby(stack):
        if len(dots) > 2 * CROWD + 1:
            axes.annotate(
                f"{len(dots)} seeds",
                (dots.median(), row - 0.33),
                (4 if dots.median() > middle else -4, 0),
                textcoords="offset points",
                ha="right" if dots.median() > middle else "left",
                va="bottom",
                fontsize=7.5,
                color=FAINT,
            )
