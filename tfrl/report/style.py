"""How figures look: one colour per agent everywhere, and SVG that is the same bytes each time."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import matplotlib
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tfrl.harness.studies.study import Study
from tfrl.report.labels import INK, wrapped

AGENTS = {
    "ppo": ("PPO", "#E69F00"),
    "apo": ("APO", "#0072B2"),
    "dqn": ("DQN", "#009E73"),
    "reinforce": ("REINFORCE", "#CC79A7"),
}
# For further configurations: of Okabe and Ito's palette and Tol's "muted", all safe to tell apart.
FURTHER = ("#D55E00", "#56B4E9", "#332288", "#882255", "#44AA99", "#999933", "#AA4499", "#555555")
DASHES = ("solid", (0, (6, 1.5)), (0, (2, 1.2)), (0, (6, 1.5, 1.5, 1.5)))

_RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so the layout is the same everywhere
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "axes.edgecolor": "#8a8a8a",
    "axes.facecolor": "none",  # the figure's
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#ececec",
    "grid.linewidth": 0.7,
    "xtick.color": "#8a8a8a",
    "ytick.color": "#8a8a8a",
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "text.color": INK,
    "svg.fonttype": "none",
    "svg.hashsalt": "tfrl",
    "path.simplify_threshold": 0.2,
}
_READER_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# What a figure's colours are where the reader's scheme is dark: ink, lines and grounds, and those
# agents' colours that would be too dark to see. All others serve both.
DARK = {
    "#222222": "#e7e9ec",
    "#6b6b6b": "#a4abb3",
    "#444444": "#ffffff",
    "#555555": "#a4abb3",
    "#c4c4c4": "#4a5057",
    "#ececec": "#2b3036",
    "#ededed": "#2b3036",
    "#f1f2f4": "#22262b",
    "#332288": "#8c7be0",
    "#882255": "#c95a8f",
}
PAGE = ("#ffffff", "#15181b")  # the ground of a figure, and of a page


@dataclass(frozen=True)
class Look:
    """A configuration's label, colour and line style."""

    label: str
    colour: str
    dash: Any = "solid"

    @property
    def lines(self) -> str:
        """The label as figures have it: a long one in several lines."""
        return wrapped(self.label)


Looks = Mapping[str, Look]  # by the configuration's name, in the study's order


def looks(study: Study) -> Looks:
    """The look of each configuration, by name.

    The first configuration of a known pipeline has the pipeline's own colour; all others take the
    further ones in turn, each with another line style.
    """
    chosen: dict[str, Look] = {}
    seen: set[str] = set()
    others = 0
    for configuration in study.configurations:
        name, pipeline = configuration.name, configuration.pipeline
        label = AGENTS[name][0] if name in AGENTS else name
        if pipeline in AGENTS and pipeline not in seen:
            chosen[name] = Look(label, AGENTS[pipeline][1])
        else:
            # Every eight colours the line styles move on, so that 32 differ.
            dash = DASHES[(1 + others + others // len(FURTHER)) % len(DASHES)]
            chosen[name] = Look(label, FURTHER[others % len(FURTHER)], dash)
            others += 1
        seen.add(pipeline)
    return chosen


class Drawing(NamedTuple):
    """A figure as SVG, laid out for a wide and for a narrow page."""

    wide: str
    narrow: str


def drawing(draw: Callable[..., str], *arguments: Any) -> Drawing:
    """A figure for both pages: the last argument of `draw` is whether it is narrow."""
    return Drawing(draw(*arguments, False), draw(*arguments, True))


@contextmanager
def styled() -> Iterator[None]:
    """Draw within: Seaborn's white style and ours, and nothing of the user's; undone afterwards."""
    defaults = {key: value for key, value in matplotlib.rcParamsDefault.items() if key != "backend"}
    style: Any = {**defaults, **sns.axes_style("whitegrid"), **_RC}
    with matplotlib.rc_context(style):
        yield


def panels(
    count: int,
    columns: int,
    width: float,
    height: float,
    left: float | Sequence[float] = 0.66,
    bottom: float = 0.5,
    top: float = 0.32,
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels with axes of their own, in so many columns.

    Laid out by hand, in inches: an automatic layout takes more than twice the time.

    Args:
      width: of the figure.
      height: of a panel with what stands about it.
      left: what of a panel's place is beside its axes, for all or for each.
      bottom, top: what of it is below and above.
    """
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(width, rows * height))
    across, right = width / columns, 0.14
    margins = [left] * count if isinstance(left, int | float) else left
    found = []
    for index in range(count):
        row, column = divmod(index, columns)
        margin = margins[index]
        place = (column * across + margin, (rows - 1 - row) * height + bottom)
        size = (across - margin - right, height - top - bottom)
        corner = (place[0] / width, place[1] / figure.get_figheight())
        extent = (size[0] / width, size[1] / figure.get_figheight())
        found.append(figure.add_axes((*corner, *extent)))
    return figure, found


def key_of(looks: Looks) -> dict[str, Line2D]:
    """The line of each configuration, for `add_key`."""
    return {
        look.label: Line2D([], [], color=look.colour, ls=look.dash, lw=2) for look in looks.values()
    }


def tiles(
    count: int,
    columns: int,
    width: float,
    height: float,
    labels: tuple[str, str],
    top: float = 0.28,
    right: float = 0.12,
) -> tuple[Figure, list[Axes]]:
    """As `panels`, for many with the same axes: laid out by hand, which is several times as fast.

    Args:
      height: of a row, in inches, with what stands above the panels.
      labels: of the x axes and of the y axes.
      top, right: inches above and beside all of them.
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
    below, beside = labels
    down = 0.09 / figure.get_figheight()
    figure.supxlabel(below, x=middle[0], y=down, va="bottom", fontsize=9)
    figure.supylabel(beside, x=0.02 / width, y=middle[1], ha="left", fontsize=9)
    return figure, list(grid.flat[:count])


def to_svg(figure: Figure) -> str:
    """The figure as SVG: no date, short numbers, text in the reader's own font and scheme."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r'(?<= d=")[^"]*', _path, buffer.getvalue())
    text = re.sub(r'(?<= [xy]=")[-.0-9]*', lambda number: _number(float(number[0])), text)
    text = re.sub(
        r' transform="rotate\(-0 [^"]*"| *<metadata>.*?</metadata>\n', "", text, flags=re.S
    )
    text = text.replace("; font-family: 'DejaVu Sans'", "")
    rules = f"\ntext{{font-family: {_READER_FONTS}}}\n{_dark()}"
    return text[text.index("<svg") :].replace("</style>", f"{rules}</style>", 1)


def _dark() -> str:
    """Rules by which a figure follows the reader's scheme; programs that know none show it light.

    The ground is Matplotlib's first patch. White lines part what is drawn from the ground; what is
    filled with white lies on a colour, and stays.
    """
    light, dark = PAGE
    rules = [f"#patch_1 path{{fill: {dark} !important}}"]
    rules += [f'[style*="stroke: {light}"]{{stroke: {dark} !important}}']
    for old, new in DARK.items():
        for part in ("fill", "stroke"):
            rules.append(f'[style*="{part}: {old}"]{{{part}: {new} !important}}')
    return "@media (prefers-color-scheme: dark) {{\n{}\n}}\n".format("\n".join(rules))


def _path(found: re.Match[str]) -> str:
    """Path data to 1/100 point, each point of a line as its distance from the one before."""
    short, at = [], (0.0, 0.0)
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", found[0]):
        values = [round(float(number), 2) for number in numbers.split()]
        end = (values[-2], values[-1]) if values else at
        if command == "L":
            command, values = "l", [values[0] - at[0], values[1] - at[1]]
        short.append(command + ",".join(map(_number, values)))
        at = end
    return "".join(short).replace(",-", "-")


def _number(value: float) -> str:
    """With up to two decimals, and no zero that says nothing."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text) if text not in ("-0", "") else "0"
