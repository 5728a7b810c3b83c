"""Layout of figures: panels, tick labels that wrap, margins, legends and titles."""

import re
from collections.abc import Iterable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from tfrl.report.style import FAINT, Styles

NARROW, WIDE = 3.7, 10.0  # inches: widths of figures on narrow and wide pages


def wrapped(label: str, letters: int = 24) -> str:
    """Breaks a label into lines of at most `letters`, behind spaces, hyphens, dots, underscores."""
    lines = [""]
    for word in re.findall(rf"[^ _.-]{{1,{letters - 1}}}[ _.-]?|[ _.-]", label):
        if len(lines[-1]) + len(word.rstrip()) > letters:
            lines.append("")
        lines[-1] += word
    return "\n".join(line.rstrip() for line in lines)


def wrapped_labels(styles: Styles) -> list[str]:
    """Returns the label of each configuration, in lines."""
    return [wrapped(style.label) for style in styles.values()]


def label_margin(labels: Iterable[str], points: float = 9) -> float:
    """Returns the inches that row labels need to the left of a panel, in letters of `points`."""
    lines = [line for label in labels for line in label.split("\n")]
    return 0.2 + max(map(len, lines), default=0) * 0.62 * points / 72


def row_height(labels: Iterable[str], points: float = 9) -> float:
    """Returns the inches that a row needs to hold any of these labels."""
    return (0.3 + max((label.count("\n") + 1 for label in labels), default=1)) * 1.35 * points / 72


def label_rows(axes: Axes, labels: Sequence[str], points: float, margin: float) -> None:
    """Labels rows of dots or intervals at y = 0, 1, ..., the first on top, without axis and grid.

    Args:
      margin: from the outer rows to the edges, in rows.
    """
    axes.set_yticks(range(len(labels)), labels, fontsize=points)
    axes.set_ylim(len(labels) - 1 + margin, -margin)
    axes.tick_params(axis="y", length=0)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)


def legend_lines(styles: Styles) -> dict[str, Line2D]:
    """Returns the line of each configuration, for `add_legend`."""
    return {
        style.label: Line2D([], [], color=style.colour, ls=style.dash, lw=2)
        for style in styles.values()
    }


def add_legend(figure: Figure, entries: Mapping[str, Line2D]) -> None:
    """Adds a legend above all panels, and makes the figure higher by its height."""
    labels, points = [wrapped(label) for label in entries], 8.5
    width, height = figure.get_size_inches()
    columns = max(1, min(6, int((width - 0.5) / (0.4 + label_margin(labels, points)))))
    extra = row_height(labels, points) * -(-len(labels) // columns) + 0.08
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
    """Labels environment steps on the x axis as 0, 50k, 100k, or 0, 0.5M, 1M."""
    low, high = axes.get_xlim()
    steps = [tick for tick in MaxNLocator(ticks).tick_values(low, high) if low <= tick <= high]
    size, unit = (1e6, "M") if high >= 1e6 else (1e3, "k")
    axes.set_xticks(steps, [f"{step / size:g}{unit}" if step else "0" for step in steps])
    # Within the panel, so that the last label does not run into the next panel's first.
    labels = axes.get_xticklabels()  # empty in a panel that has another below it
    if labels:
        labels[0].set_horizontalalignment("left")
        labels[-1].set_horizontalalignment("right")


def panel_title(axes: Axes, title: str, remark: str = "") -> None:
    """Sets a panel's title, with a remark at the right end."""
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set_title(remark, loc="right", color=FAINT, fontsize=8)


def say_no_data(axes: Axes, text: str, y: float = 0.5, points: float = 9) -> None:
    """Writes into an empty panel why it is empty; `y` is a share of its height."""
    axes.text(0.5, y, text, transform=axes.transAxes, ha="center", color=FAINT, fontsize=points)


def panels(
    count: int,
    columns: int,
    width: float,
    height: float,
    left: float | Sequence[float] = 0.66,
    bottom: float = 0.5,
    top: float = 0.32,
) -> tuple[Figure, list[Axes]]:
    """Returns a figure of `count` panels with axes of their own, and these axes.

    The layout is in inches: Matplotlib's automatic layout takes more than twice the time.

    Args:
      columns: the most panels side by side.
      width: of the figure.
      height: of a panel with its margins.
      left: margin of each panel, or one for all.
      bottom, top: margins of all panels.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(width, rows * height))
    across, right = width / columns, 0.14
    margins = [left] * count if isinstance(left, int | float) else left
    grid = []
    for index, margin in enumerate(margins):
        row, column = divmod(index, columns)
        position = (column * across + margin, (rows - 1 - row) * height + bottom)
        size = (across - margin - right, height - top - bottom)
        corner = (position[0] / width, position[1] / figure.get_figheight())
        extent = (size[0] / width, size[1] / figure.get_figheight())
        grid.append(figure.add_axes((*corner, *extent)))
    return figure, grid


def tiles(
    count: int,
    columns: int,
    width: float,
    height: float,
    labels: tuple[str, str],
    top: float = 0.28,
    right: float = 0.12,
) -> tuple[Figure, list[Axes]]:
    """Returns a figure of `count` panels that share their axes, and these axes.

    Args:
      columns: panels side by side.
      height: of a row, in inches, with the titles of its panels.
      labels: of the x axes and of the y axes.
      top, right: margins of the figure, in inches.
    """
    rows = -(-count // columns)
    left, bottom, between, above = 0.66, 0.52, 0.2, 0.27
    figure = Figure(figsize=(width, rows * height + top + bottom - above))
    across = (width - left - right - (columns - 1) * between) / columns
    spaces = {"wspace": between / across, "hspace": above / (height - above)}
    edges = {
        "left": left / width,
        "right": 1 - right / width,
        "bottom": bottom / figure.get_figheight(),
        "top": 1 - top / figure.get_figheight(),
    }
    grid = figure.subplots(
        rows, columns, squeeze=False, sharex=True, sharey=True, gridspec_kw=spaces | edges
    )
    for unused in grid.flat[count:]:
        unused.set_visible(False)
    for axes in grid[-1]:
        axes.tick_params(labelbottom=True)
    middle = (left + width - right) / 2 / width, (edges["bottom"] + edges["top"]) / 2
    x_label, y_label = labels
    down = 0.09 / figure.get_figheight()
    figure.supxlabel(x_label, x=middle[0], y=down, va="bottom", fontsize=9)
    figure.supylabel(y_label, x=0.02 / width, y=middle[1], ha="left", fontsize=9)
    return figure, list(grid.flat[:count])
