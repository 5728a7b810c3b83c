"""Gaps by environment step: a line for each number of levels, or for each test."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import MARKERS, SHIFTED, Line, Panel
from tfrl.report.labels import INK
from tfrl.report.questions.more_training.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A panel for each agent, and for what it is trained on."""
    lines, panels, columns = _by_count(facts) if facts.several_levels else _by_test(facts)
    label = "gap in success, points" if facts.noun == "success" else "gap in return"
    return {
        "curves": drawing(
            bands.over_training, panels, lines, facts.steps, facts.margin, label, columns
        )
    }


def _by_count(facts: Facts) -> tuple[dict[str, Line], list[Panel], int]:
    """A panel for each agent, a line for each number of levels, darker for more."""
    shades = np.linspace(0.4, 0.85, len(facts.environments))  # to be seen on light and dark
    colours = [to_hex(colormaps["YlGnBu"](shade)) for shade in shades]
    style = zip(facts.environments, colours, MARKERS * len(colours), strict=False)
    lines = {name: Line(text, colour, marker=marker) for (name, text), colour, marker in style}
    rows = facts.curves[facts.curves["tested"] == HELD_OUT]
    panels = []
    for name, look in facts.looks.items():
        own = rows[rows["configuration"] == name]
        parts = {str(key): part for key, part in own.groupby("environment", observed=True)}
        panels.append(_panel(look.label, "", parts, facts))
    return lines, panels, 2 if len(panels) < 5 else 3


def _by_test(facts: Facts) -> tuple[dict[str, Line], list[Panel], int]:
    """A panel for what is trained on and each agent, a line for what is tested on."""
    rows = facts.curves
    lines = {HELD_OUT: Line("unseen levels", INK)}
    shifted = [v for v in facts.variations if (rows["tested"] == v).any()]
    for variation, style in zip(shifted, SHIFTED * len(shifted), strict=False):
        lines[variation] = Line(f"tested on {variation}", *style)
    panels = []
    for environment, text in facts.environments:
        for name, look in facts.looks.items():
            own = rows[(rows["environment"] == environment) & (rows["configuration"] == name)]
            parts = {key: own[own["tested"] == key] for key in lines}
            panels.append(_panel(look.label, f"trained on {text}", parts, facts))
    return lines, panels, min(4, len(facts.looks))


def _panel(title: str, remark: str, parts: Mapping[str, pd.DataFrame], facts: Facts) -> Panel:
    """In the unit of the figure, without lines that have no points; if none has, it says why."""
    columns = ["gap", "low", "high"]
    scaled = {
        key: part.assign(**{column: facts.unit.scale * part[column] for column in columns})
        for key, part in parts.items()
        if len(part)
    }
    drawn = any(part["gap"].notna().any() for part in scaled.values())
    nothing = "too little learned" if scaled else "no runs"
    return Panel(title, remark, INK, scaled, "" if drawn else nothing)
