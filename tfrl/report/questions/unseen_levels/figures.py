"""Scores on training levels and unseen levels, by the number of training levels."""

import numpy as np

from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import BandPanel, LineStyle
from tfrl.report.questions.unseen_levels.facts import Facts
from tfrl.report.style import INK, LINE
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a panel for each agent; none unless environments differ in the number of levels."""
    if facts.lines.empty:
        return {}
    lines = {
        "training": LineStyle("levels trained on", INK, (0, (4, 1.5)), "s"),
        HELD_OUT: LineStyle("unseen levels"),
    }
    tested = [v for v in facts.data.variations if (facts.lines["tested"] == v).any()]
    styles = bands.SHIFTED[1:] * len(tested)
    for variation, (_, dash, marker) in zip(tested, styles, strict=False):
        lines[variation] = LineStyle(f"unseen, {variation}", LINE, dash, marker)
    panels = []
    for name, style in facts.data.styles.items():
        agent = facts.lines[facts.lines["configuration"] == name]
        parts = {key: part for key in lines if len(part := agent[agent["tested"] == key])}
        panels.append(BandPanel(style.label, "", style.colour, parts))
    success = facts.data.noun == "success"
    label, limits = ("success, %", (0.0, 100.0)) if success else ("return", None)
    return {
        "levels": svg_figure(bands.by_levels, panels, lines, np.array(facts.counts), label, limits)
    }
