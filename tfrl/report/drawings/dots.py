"""Dot plots: every seed is a dot, every configuration a row."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from tfrl.report import layout
from tfrl.report.style import FAINT, INK, Styles, styled
from tfrl.report.svg import to_svg

CROWD = 3  # dots above and below the first of a pile before they overlap
SUMMARY = 0.36  # from the middle of a row to the line of its estimates, in rows
ROW, LOW = 0.62, 0.235  # inches


def scores(
    parts: Sequence[tuple[str, pd.DataFrame, pd.DataFrame]], styles: Styles, narrow: bool
) -> str:
    """Returns each seed's score, a row per configuration, with estimates below the dots.

    Args:
      parts: of each panel its label, [configuration, seed, score], and the output of
        `evidence.summarise` for these scores.
    """
    with styled():
        width, legend = layout.NARROW if narrow else 4.9, 0.36
        labels = layout.wrapped_labels(styles)
        row_inches = max(ROW if len(parts) == 1 else 0.7 * ROW, layout.row_height(labels))
        height = 0.72 + legend + row_inches * len(styles)
        left = layout.label_margin(labels)
        figure, grid = layout.panels(len(parts), 1, width, height, left, 0.46, 0.1 + legend)
        for axes, (label, values, summary) in zip(grid, parts, strict=True):
            _rows(axes, values, "score", styles)
            for row, name in enumerate(styles):
                estimates = summary[summary["configuration"] == name]
                if len(estimates):
                    _estimates(axes, row + SUMMARY, estimates.iloc[0], styles[name].colour)
            axes.set_xlabel(label)
        _add_legend(figure)
        return to_svg(figure)


def _estimates(axes: Axes, y: float, row: pd.Series, colour: str) -> None:
    """Draws the tolerance interval, the mean with its interval, and the IQM; NaN is not drawn."""
    line: dict[str, Any] = {"solid_capstyle": "butt", "clip_on": False}
    tolerance = [row["tolerance_low"], row["tolerance_high"]]
    axes.plot(tolerance, [y, y], color=colour, lw=7, alpha=0.22, **line)
    axes.plot([row["mean_low"], row["mean_high"]], [y, y], color=INK, lw=1.6, **line)
    axes.plot(row["mean"], y, "o", ms=4.5, color=INK, clip_on=False)
    axes.plot(row["iqm"], y, "D", ms=4.5, mfc="none", mec=INK, mew=0.9, clip_on=False)


def _add_legend(figure: Figure) -> None:
    """Explains the marks, above all panels."""
    marks = {
        "one seed": Line2D([], [], ls="", marker="o", ms=4.5, color=FAINT),
        "median": Line2D([], [], ls="", marker="|", ms=10, mew=1.2, color=INK),
        "mean, 95% interval": Line2D([], [], lw=1.6, marker="o", ms=4.5, color=INK),
        "IQM": Line2D([], [], ls="", marker="D", ms=4.5, mfc="none", color=INK),
        "tolerance": Patch(color=FAINT, alpha=0.25, lw=0),
    }
    figure.legend(
        list(marks.values()), list(marks), loc="upper right", ncols=3, frameon=False,
        fontsize=7.5, borderpad=0.1, handlelength=1.6, columnspacing=1.3, labelcolor=FAINT,
    )  # fmt: skip


def lined_up(title: str, values: pd.DataFrame, label: str, styles: Styles, narrow: bool) -> str:
    """Returns each seed's score in one panel with a low row per configuration.

    Args:
      values: [configuration, seed, score].
      label: of the x axis.
    """
    with styled():
        width = layout.NARROW if narrow else 4.9
        labels = layout.wrapped_labels(styles)
        height = 0.72 + max(LOW, layout.row_height(labels, 8)) * len(styles)
        figure, (axes,) = layout.panels(
            1, 1, width, height, layout.label_margin(labels, 8), 0.42, 0.3
        )
        limits = (values["score"].min(), values["score"].max()) if len(values) else None
        _rows(axes, values, "score", styles, limits, spread=0.0, size=4)
        axes.tick_params(axis="y", labelsize=8)
        layout.panel_title(axes, title)
        figure.text(
            1 - 0.14 / width, 0.06 / figure.get_figheight(), label, ha="right", fontsize=8.5
        )
        return to_svg(figure)


def measures(values: pd.DataFrame, labels: Mapping[str, str], styles: Styles, narrow: bool) -> str:
    """Returns each run's value of several measures, a panel for each.

    Args:
      values: [configuration, seed] and a column for each measure.
      labels: of the measures, by column.
    """
    with styled():
        columns, width = (1, layout.NARROW) if narrow else (len(labels), layout.WIDE)
        rows = layout.wrapped_labels(styles)
        height = 0.6 + max(ROW, layout.row_height(rows)) * len(styles)
        figure, grid = layout.panels(
            len(labels), columns, width, height, layout.label_margin(rows), 0.3
        )
        for axes, (column, label) in zip(grid, labels.items(), strict=True):
            _rows(axes, values, column, styles)
            layout.panel_title(axes, label)
        return to_svg(figure)


def with_published(
    values: pd.DataFrame,
    labels: Mapping[str, str],
    styles: Styles,
    published: Mapping[str, Mapping[str, float]],
    narrow: bool,
) -> str:
    """Returns each run's success in several measures, a panel for each, with published means.

    Args:
      values: [configuration, seed] and a column of percentages for each measure.
      labels: of the measures, by column.
      published: percentages by agent and column, of two agents.
    """
    with styled():
        ticks = [*layout.wrapped_labels(styles), "published"]
        height = 0.66 + max(0.24, layout.row_height(ticks, 8)) * len(ticks)
        width = 3.6 if narrow else 7.0
        figure, grid = layout.panels(
            len(labels), 1, width, height, layout.label_margin(ticks, 8), 0.4, 0.26
        )
        for axes, (column, label) in zip(grid, labels.items(), strict=True):
            _rows(axes, values, column, styles, (0.0, 100.0), spread=0.06)
            row = len(styles)
            for side, (agent, means) in zip((-1, 1), published.items(), strict=True):
                axes.plot(means[column], row, "D", ms=5, mfc="none", mec=INK, clip_on=False)
                axes.annotate(
                    agent, (means[column], row), (5 * side, 0), textcoords="offset points",
                    ha="right" if side < 0 else "left", va="center", fontsize=7, color=FAINT,
                )  # fmt: skip
            layout.label_rows(axes, ticks, 8, 0.6)
            layout.panel_title(axes, label)
        grid[-1].set_xlabel("success, %")
        return to_svg(figure)


def _rows(
    axes: Axes,
    values: pd.DataFrame,
    column: str,
    styles: Styles,
    limits: tuple[float, float] | None = None,
    spread: float = 0.09,
    size: float = 5,
) -> None:
    """Draws a row of dots per configuration, the first on top, and a tick at each median.

    Args:
      limits: of the x axis; None for those of the values and 0.
      spread: between dots of nearly equal x, in rows; 0 to let them overlap.
      size: of a dot, in points.
    """
    finite = values.dropna(subset=[column])
    low, high = (finite[column].min(), finite[column].max()) if len(finite) else (0.0, 0.0)
    low, high = limits or (min(low, 0.0), max(high, min(low, 0.0) + 1.0))
    margin = 0.04 * (high - low)
    for row, (name, style) in enumerate(styles.items()):
        x = np.sort(finite.loc[finite["configuration"] == name, column].to_numpy(float))
        if not len(x):
            axes.text(low, row, "no run has a value", va="center", color=FAINT, fontsize=8)
            continue
        median = np.median(x)
        axes.plot([median, median], [row - 0.34, row + 0.34], color=INK, lw=1.2, zorder=1)
        pile = np.round(x * 60 / (high - low))
        y = row + _offsets(pile, spread)
        axes.plot(x, y, "o", ms=size, mec="white", mew=0.5, color=style.colour, clip_on=False)
        if spread:
            _counts(axes, row, x, pile, (low + high) / 2)
    if finite.empty:
        axes.set_xticks([])
    axes.set_xlim(low - margin, high + margin)
    layout.label_rows(axes, layout.wrapped_labels(styles), 9, 0.55)


def _offsets(pile: np.ndarray, spread: float) -> np.ndarray:
    """Returns vertical offsets that separate dots of nearly equal x: 0, up, down, further up, ...

    Args:
      pile: [n] the pile that each dot belongs to.
      spread: the least distance between two dots.
    """
    rank = pd.Series(pile).groupby(pile).cumcount().to_numpy()
    order = (rank + 1) // 2 * np.where(rank % 2, -1, 1)
    return order * min(spread, 0.28 / max(1, np.abs(order).max()))


def _counts(axes: Axes, row: int, x: np.ndarray, pile: np.ndarray, middle: float) -> None:
    """Writes the number of dots above each pile in which they overlap."""
    for _, dots in pd.Series(x).groupby(pile):
        if len(dots) > 2 * CROWD + 1:
            right = dots.median() > middle
            axes.annotate(
                f"{len(dots)} seeds", (dots.median(), row - 0.33), (4 if right else -4, 0),
                textcoords="offset points", ha="right" if right else "left", va="bottom",
                fontsize=7.5, color=FAINT,
            )  # fmt: skip
