"""Figures of seed luck: two halves of one agent's seeds, and the wrong winner of few seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from tfrl.report import layout
from tfrl.report.style import DOTTED, FAINT, INK, Styles, styled
from tfrl.report.svg import to_svg

BINS = 41
_FAINT_LINE = "#c4c4c4"


def splits(
    differences: Mapping[str, np.ndarray],
    remarks: Mapping[str, str],
    styles: Styles,
    label: str,
    narrow: bool,
) -> str:
    """Returns a histogram for each configuration: how far two halves of its seeds lie apart.

    Args:
      differences: [S] of each configuration, over all splits.
      remarks: by configuration, a line below its name.
      label: of the x axis.
    """
    reach = max((float(np.abs(values).max()) for values in differences.values() if len(values)),
                default=0) or 1.0  # fmt: skip
    with styled():
        width = layout.NARROW if narrow else layout.WIDE
        labels = [f"{layout.wrapped(styles[name].label)}\n{remarks[name]}" for name in differences]
        height = 0.6 + max(0.62, layout.row_height(labels, 8.5)) * len(differences)
        figure, (axes,) = layout.panels(
            1, 1, width, height, layout.label_margin(labels, 8.5), 0.48, 0.08
        )
        edges = np.linspace(-reach, reach, BINS + 1)
        for row, (name, values) in enumerate(differences.items()):
            base = row + 0.4
            axes.plot([-reach, reach], [base, base], color=_FAINT_LINE, lw=0.7)
            if len(values):
                counts = np.histogram(values, edges)[0]
                tops = base - 0.78 * counts / counts.max()
                tops = np.append(tops, tops[-1])  # the right edge of the last bar
                axes.fill_between(edges, base, tops, step="post", color=styles[name].colour, lw=0)
        layout.label_rows(axes, labels, 8.5, 0.5)
        axes.set(xlim=(-1.02 * reach, 1.02 * reach), xlabel=label)
        return to_svg(figure)


@dataclass(frozen=True)
class WinnerRow:
    """Two configurations: how often few seeds name the wrong winner, and the seeds needed."""

    label: str
    colours: tuple[str, str]
    wrong: pd.Series  # share of wrong winners by k
    needed: float  # seeds of each; NaN if not known
    note: str  # why not
    n: float  # seeds in the study


def winners(rows: Sequence[WinnerRow], most: float, narrow: bool) -> str:
    """Returns two panels: the share of wrong winners by k, and the seeds needed by each pair.

    Args:
      most: the largest number of seeds on the axis.
    """
    with styled():
        width, columns = (layout.NARROW, 1) if narrow else (layout.WIDE, 2)
        labels = [layout.wrapped(row.label) for row in rows]
        height = 0.9 + max(0.36, layout.row_height(labels, 8.5)) * len(rows)
        figure, (left, right) = layout.panels(
            2, columns, width, height, (0.66, layout.label_margin(labels, 8.5))
        )
        _wrong(left, rows)
        _needed(right, rows, most)
        layout.label_rows(right, labels, 8.5, 0.5)
        return to_svg(figure)


def _wrong(axes: Axes, rows: Sequence[WinnerRow]) -> None:
    """Draws a line for each pair."""
    ks = sorted({int(k) for row in rows for k in row.wrong.index})
    axes.axhline(0.5, **DOTTED)
    for row in rows:
        inner, outer = row.colours
        shares = row.wrong.reindex(ks)
        axes.plot(
            range(len(ks)), shares, color=outer, lw=1.4, marker="o", ms=5.5, mfc=inner, mec=outer,
            mew=1.6, clip_on=False,
        )  # fmt: skip
    layout.panel_title(axes, "Wrong winners")
    axes.set_xticks(range(len(ks)), [str(k) for k in ks])
    axes.set(xlim=(-0.2, len(ks) - 0.8), xlabel="k, seeds of each agent")
    axes.set_ylim(0, max([0.55, *(1.05 * row.wrong.max() for row in rows)]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))


def _needed(axes: Axes, rows: Sequence[WinnerRow], most: float) -> None:
    """Draws the seeds needed as points and the study's seeds as ticks, on a logarithmic axis."""
    for y, row in enumerate(rows):
        axes.plot([row.n, row.n], [y - 0.3, y + 0.3], color=INK, lw=1.4)
        if np.isfinite(row.needed):
            inner, outer = row.colours
            axes.plot([row.n, row.needed], [y, y], color=_FAINT_LINE, lw=1, zorder=1)
            axes.plot(row.needed, y, "o", ms=6.5, color=inner, mec=outer, mew=1.8)
            axes.annotate(
                f"{row.needed:,.0f}", (row.needed, y), (7, 0), textcoords="offset points",
                va="center", fontsize=8, color=INK,
            )  # fmt: skip
        else:
            axes.text(1.15 * row.n, y, row.note, va="center", fontsize=8, color=FAINT)
    layout.panel_title(axes, "Seeds needed")
    axes.set_xscale("log")
    axes.set(xlim=(1.8, 3 * most), xlabel="seeds of each agent; tick: this study's")
    axes.set_xticks([2, 10, 100, 1_000, 10_000], ["2", "10", "100", "1,000", "10,000"])
    axes.minorticks_off()
