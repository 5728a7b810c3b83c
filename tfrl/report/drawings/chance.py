"""Figures of what the choice of seeds alone decides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from tfrl.report.labels import FAINT, INK, beside, heading, tall, wrapped
from tfrl.report.style import Looks, panels, styled, to_svg

BINS = 41


def splits(
    found: Mapping[str, np.ndarray],
    remarks: Mapping[str, str],
    looks: Looks,
    label: str,
    narrow: bool,
) -> str:
    """How far two halves of one configuration's seeds lie apart, over all splits: a hill for each.

    Args:
      found: the differences [S] of each configuration.
      remarks: by configuration, what stands below its name.
      label: of the x axis.
    """
    reach = max(
        (float(np.abs(values).max()) for values in found.values() if len(values)), default=0
    )
    reach = reach or 1.0
    with styled():
        width = 3.7 if narrow else 10.0
        labels = [f"{looks[name].lines}\n{remarks[name]}" for name in found]
        height = 0.6 + max(0.62, tall(labels, 8.5)) * len(found)
        figure, (axes,) = panels(1, 1, width, height, beside(labels, 8.5), 0.48, 0.08)
        edges = np.linspace(-reach, reach, BINS + 1)
        for row, (name, values) in enumerate(found.items()):
            base = row + 0.4
            axes.plot([-reach, reach], [base, base], color="#c4c4c4", lw=0.7)
            if len(values):
                counts = np.histogram(values, edges)[0]
                tops = base - 0.78 * counts / counts.max()
                tops = np.append(tops, tops[-1])  # of the last bar, the right edge
                axes.fill_between(edges, base, tops, step="post", color=looks[name].colour, lw=0)
        _named(axes, labels)
        axes.set(xlim=(-1.02 * reach, 1.02 * reach), xlabel=label)
        return to_svg(figure)


@dataclass(frozen=True)
class Pair:
    """Two configurations, how often few seeds confuse them, and how many seeds would tell."""

    label: str
    colours: tuple[str, str]
    wrong: pd.Series  # share of wrong winners by k
    needed: float  # seeds; NaN if it cannot be said
    note: str  # why not
    n: float  # seeds that there are


def pairs(found: Sequence[Pair], most: float, narrow: bool) -> str:
    """The wrong winner by k, and the seeds needed beside those there are: a row for each pair.

    Args:
      most: the number of seeds beyond which none is given.
    """
    with styled():
        width, columns = (3.7, 1) if narrow else (10.0, 2)
        labels = [wrapped(pair.label) for pair in found]
        height, left = 0.9 + max(0.36, tall(labels, 8.5)) * len(found), beside(labels, 8.5)
        figure, (first, second) = panels(2, columns, width, height, (0.66, left))
        _wrong(first, found)
        _needed(second, found, most)
        return to_svg(figure)


def _wrong(axes: Axes, found: Sequence[Pair]) -> None:
    """A line for each pair, with the marks that it has on the right."""
    ks = sorted({int(k) for pair in found for k in pair.wrong.index})
    axes.axhline(0.5, color="#8a8a8a", lw=0.9, ls=(0, (1, 2)), zorder=1)
    for pair in found:
        inner, outer = pair.colours
        shares = pair.wrong.reindex(ks)
        axes.plot(
            range(len(ks)), shares, color=outer, lw=1.4, marker="o", ms=5.5, mfc=inner, mec=outer,
            mew=1.6, clip_on=False,
        )  # fmt: skip
    heading(axes, "Wrong winners")
    axes.set_xticks(range(len(ks)), [str(k) for k in ks])
    axes.set(xlim=(-0.2, len(ks) - 0.8), xlabel="k, seeds of each agent")
    axes.set_ylim(0, max([0.55, *(1.05 * pair.wrong.max() for pair in found)]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{share:.0%}"))


def _needed(axes: Axes, found: Sequence[Pair], most: float) -> None:
    """Seeds needed as a point, seeds there are as a tick, on a logarithmic axis."""
    for row, pair in enumerate(found):
        axes.plot([pair.n, pair.n], [row - 0.3, row + 0.3], color=INK, lw=1.4)
        if np.isfinite(pair.needed):
            inner, outer = pair.colours
            axes.plot([pair.n, pair.needed], [row, row], color="#c4c4c4", lw=1, zorder=1)
            axes.plot(pair.needed, row, "o", ms=6.5, color=inner, mec=outer, mew=1.8)
            axes.annotate(
                f"{pair.needed:,.0f}", (pair.needed, row), (7, 0), textcoords="offset points",
                va="center", fontsize=8, color=INK,
            )  # fmt: skip
        else:
            axes.text(1.15 * pair.n, row, pair.note, va="center", fontsize=8, color=FAINT)
    heading(axes, "Seeds needed")
    axes.set_xscale("log")
    axes.set(xlim=(1.8, 3 * most), xlabel="seeds of each agent; tick: this study's")
    axes.set_xticks([2, 10, 100, 1_000, 10_000], ["2", "10", "100", "1,000", "10,000"])
    axes.minorticks_off()
    _named(axes, [wrapped(pair.label) for pair in found])


def _named(axes: Axes, labels: Sequence[str]) -> None:
    """Rows with names, the first on top."""
    axes.set_yticks(range(len(labels)), list(labels), fontsize=8.5)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
