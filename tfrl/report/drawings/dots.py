"""Figures in which every seed is a dot."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from tfrl.report.style import FAINT, INK, Looks, heading, panels, styled, to_svg

CROWD = 3  # dots above and below the first of a pile before they overlap


def final(scores: pd.DataFrame, looks: Looks, width: float) -> str:
    """Each seed's final return, a row per configuration.

    Args:
      scores: [configuration, seed, score] of one environment.
      width: of the figure, in inches.
    """
    with styled():
        figure, (axes,) = panels(1, 1, width, 0.75 + 0.62 * len(looks))
        _rows(axes, scores, "score", looks)
        axes.set_xlabel("final return of the greedy policy")
        return to_svg(figure)


def claims(values: pd.DataFrame, claims: pd.DataFrame, looks: Looks, narrow: bool) -> str:
    """Each run's value of the measures behind the claims, a panel per claim.

    Args:
      values, claims: as `analysis.apo.measures` and `analysis.apo.compare` give them.
    """
    with styled():
        columns, width = (1, 3.7) if narrow else (len(claims), 10.0)
        figure, grid = panels(len(claims), columns, width, 1.75)
        for axes, claim in zip(grid, claims.itertuples(), strict=True):
            _rows(axes, values, claim.measure, looks)
            heading(axes, claim.label)
        return to_svg(figure)


def _rows(axes: Axes, values: pd.DataFrame, column: str, looks: Looks) -> None:
    """A row of dots per configuration, the first on top, and a tick at each median."""
    known = values.dropna(subset=[column])
    low, high = (known[column].min(), known[column].max()) if len(known) else (0.0, 0.0)
    low = min(low, 0.0)
    high = max(high, low + 1.0)
    margin = 0.04 * (high - low)
    for row, (name, look) in enumerate(looks.items()):
        x = np.sort(known.loc[known["configuration"] == name, column].to_numpy(float))
        if not len(x):
            axes.text(low, row, "no run has a value", va="center", color=FAINT, fontsize=8)
            continue
        middle = np.median(x)
        axes.plot([middle, middle], [row - 0.34, row + 0.34], color=INK, lw=1.2, zorder=1)
        stack = np.round(x * 60 / (high - low))
        y = row + _offsets(stack)
        sns.scatterplot(x=x, y=y, color=look.colour, s=20, alpha=0.9, ax=axes, clip_on=False)
        _counts(axes, row, x, stack, (low + high) / 2)
    if known.empty:
        axes.set_xticks([])
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(len(looks) - 0.45, -0.55)
    axes.set_yticks(range(len(looks)), [look.label for look in looks.values()])
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="", ylabel="")


def _offsets(stack: np.ndarray) -> np.ndarray:
    """Vertical offsets that keep dots of nearly equal x apart: 0, up, down, further up, ...

    Args:
      stack: [n] which pile each dot belongs to.
    """
    rank = pd.Series(stack).groupby(stack).cumcount().to_numpy()
    place = (rank + 1) // 2 * np.where(rank % 2, -1, 1)
    return place * min(0.09, 0.28 / max(1, np.abs(place).max()))


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
