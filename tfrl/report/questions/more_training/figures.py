"""Gaps by environment step: a line for each number of levels, or for each test."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import MARKERS, SHIFTED, BandPanel, LineStyle
from tfrl.report.questions.more_training.facts import Facts
from tfrl.report.style import INK
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a panel for each agent, or for each agent and environment."""
    data = facts.data
    lines, panels, columns = _by_count(facts) if data.several_levels else _by_test(facts)
    label = "gap in success, points" if data.noun == "success" else "gap in return"
    parts = (panels, lines, data.steps, facts.margin, label, columns)
    return {"curves": svg_figure(bands.over_training, *parts)}


def _by_count(facts: Facts) -> tuple[dict[str, LineStyle], list[BandPanel], int]:
    """Returns a panel for each agent, with a line for each number of levels, darker for more."""
    labels = facts.data.labels
    shades = np.linspace(0.4, 0.85, len(labels))  # visible on light and dark pages
    colours = [to_hex(colormaps["YlGnBu"](shade)) for shade in shades]
    styles = zip(labels.items(), colours, MARKERS * len(colours), strict=False)
    lines = {
        name: LineStyle(text, colour, marker=marker) for (name, text), colour, marker in styles
    }
    rows = facts.curves[facts.curves["tested"] == HELD_OUT]
    panels = []
    for name, style in facts.data.styles.items():
        agent = rows[rows["configuration"] == name]
        parts = {str(key): part for key, part in agent.groupby("environment", observed=True)}
        panels.append(_panel(style.label, "", parts, facts))
    return lines, panels, 2 if len(panels) < 5 else 3


def _by_test(facts: Facts) -> tuple[dict[str, LineStyle], list[BandPanel], int]:
    """Returns a panel for each environment and agent, with a line for each test."""
    rows = facts.curves
    lines = {HELD_OUT: LineStyle("unseen levels", INK)}
    shifted = [v for v in facts.data.variations if (rows["tested"] == v).any()]
    for variation, style in zip(shifted, SHIFTED * len(shifted), strict=False):
        lines[variation] = LineStyle(f"tested on {variation}", *style)
    panels = []
    for environment, text in facts.data.labels.items():
        for name, look in facts.data.styles.items():
            agent = rows[(rows["environment"] == environment) & (rows["configuration"] == name)]
            parts = {key: agent[agent["tested"] == key] for key in lines}
            panels.append(_panel(look.label, f"trained on {text}", parts, facts))
    return lines, panels, min(4, len(facts.data.styles))


def _panel(title: str, remark: str, parts: Mapping[str, pd.DataFrame], facts: Facts) -> BandPanel:
    """Returns a panel in the unit of the figure, without empty lines."""
    columns = ["gap", "low", "high"]
    scaled = {
        key: part.assign(**{column: facts.data.points.scale * part[column] for column in columns})
        for key, part in parts.items()
        if len(part)
    }
    drawn = any(part["gap"].notna().any() for part in scaled.values())
    nothing = "too little learned" if scaled else "no runs"
    return BandPanel(title, remark, INK, scaled, "" if drawn else nothing)
