"""The words in figures: labels that wrap and the room they take, keys, titles, ticks of steps."""

import re
from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

INK, FAINT = "#222222", "#6b6b6b"


def wrapped(label: str, letters: int = 24) -> str:
    """A label in lines of at most so many letters, broken behind a space, hyphen, dot or line."""
    lines = [""]
    for word in re.findall(rf"[^ _.-]{{1,{letters - 1}}}[ _.-]?|[ _.-]", label):
        if len(lines[-1]) + len(word.rstrip()) > letters:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)


def beside(labels: Iterable[str], points: float = 9) -> float:
    """Inches that labels of rows take to the left of a panel, in letters of so many points."""
    lines = [line for label in labels for line in label.split("\n")]
    return 0.2 + max(map(len, lines), default=0) * 0.62 * points / 72


def tall(labels: Iterable[str], points: float = 9) -> float:
    """Inches that a row must be high for each of those labels."""
    return (0.3 + max((label.count("\n") + 1 for label in labels), default=1)) * 1.35 * points / 72


def add_key(figure: Figure, entries: Mapping[str, Line2D]) -> None:
    """Says what the lines are, above all panels, for which the figure is made higher."""
    labels, points = [wrapped(label) for label in entries], 8.5
    width, height = figure.get_size_inches()
    columns = max(1, min(6, int((width - 0.5) / (0.4 + beside(labels, points)))))
    extra = tall(labels, points) * -(-len(labels) // columns) + 0.08
    share = height / (height + extra)
    figure.set_size_inches(width, height + extra)
    for axes in figure.axes:
        box = axes.get_position()
        axes.set_position((box.x0, box.y0 * share, box.width, box.height * share))
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position((x, y * share))
    figure.legend(
        list(entries.values()), labels, loc="upper left", bbox_to_anchor=(0.5 / width, 1),
        ncols=columns, frameon=False, fontsize=points, borderpad=0.2, handlelength=2.4,
    )  # fmt: skip


def label_steps(axes: Axes, ticks: int = 5) -> None:
    """Environment steps on the x axis as 0, 50k, 100k, or 0, 0.5M, 1M."""
    low, high = axes.get_xlim()
    found = [tick for tick in MaxNLocator(ticks).tick_values(low, high) if low <= tick <= high]
    size, unit = (1e6, "M") if high >= 1e6 else (1e3, "k")
    axes.set_xticks(found, [f"{tick / size:g}{unit}" if tick else "0" for tick in found])
    # Within the panel, so that the last label does not run into the next panel's first.
    labels = axes.get_xticklabels()  # none in a panel that has another below it
    if labels:
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")


def heading(axes: Axes, left: str, right: str = "") -> None:
    """A panel's title, with a remark at its other end."""
    axes.set_title(left, loc="left", fontweight="bold")
    axes.set_title(right, loc="right", color=FAINT, fontsize=8)
