"""SVG that is the same bytes each time, and follows the reader's light or dark scheme."""

import io
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from matplotlib.figure import Figure

_READER_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

# Colours under a dark scheme: ink, lines, backgrounds, and agents' colours too dark to see there.
# All other colours serve both schemes.
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
PAGE = ("#ffffff", "#15181b")  # background of a figure, and of a page


class SvgFigure(NamedTuple):
    """A figure as SVG, laid out for a wide and for a narrow page."""

    wide: str
    narrow: str


def svg_figure(draw: Callable[..., str], *arguments: Any) -> SvgFigure:
    """Returns a figure for both pages; the last argument of `draw` is whether it is narrow."""
    return SvgFigure(draw(*arguments, False), draw(*arguments, True))


def to_svg(figure: Figure) -> str:
    """Returns the figure as SVG: no date, short numbers, text in the reader's font and scheme."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = re.sub(r'(?<= d=")[^"]*', _path, buffer.getvalue())
    text = re.sub(r'(?<= [xy]=")[-.0-9]*', lambda match: _number(float(match[0])), text)
    text = re.sub(
        r' transform="rotate\(-0 [^"]*"| *<metadata>.*?</metadata>\n', "", text, flags=re.S
    )
    text = text.replace("; font-family: 'DejaVu Sans'", "")
    rules = f"\ntext{{font-family: {_READER_FONTS}}}\n{_dark_rules()}"
    return text[text.index("<svg") :].replace("</style>", f"{rules}</style>", 1)


def _dark_rules() -> str:
    """Returns CSS rules for a dark scheme. Programs without schemes show the light figure.

    The background is Matplotlib's first patch. White lines separate shapes from the background and
    become dark; white fills lie on a colour and stay.
    """
    light, dark = PAGE
    rules = [f"#patch_1 path{{fill: {dark} !important}}"]
    rules += [f'[style*="stroke: {light}"]{{stroke: {dark} !important}}']
    for old, new in DARK.items():
        for part in ("fill", "stroke"):
            rules.append(f'[style*="{part}: {old}"]{{{part}: {new} !important}}')
    return "@media (prefers-color-scheme: dark) {{\n{}\n}}\n".format("\n".join(rules))


def _path(data: re.Match[str]) -> str:
    """Returns path data to 1/100 point, with line segments relative to the point before."""
    short, at = [], (0.0, 0.0)
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", data[0]):
        values = [round(float(number), 2) for number in numbers.split()]
        end = (values[-2], values[-1]) if values else at
        if command == "L":
            command, values = "l", [values[0] - at[0], values[1] - at[1]]
        short.append(command + ",".join(map(_number, values)))
        at = end
    return "".join(short).replace(",-", "-")


def _number(value: float) -> str:
    """Returns at most two decimals, without trailing or leading zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text) if text not in ("-0", "") else "0"
