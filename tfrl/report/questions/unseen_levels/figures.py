"""Training and unseen levels by how many were trained on."""

import numpy as np

from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import Line, Panel
from tfrl.report.labels import INK
from tfrl.report.questions.unseen_levels.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A panel for each agent, where environments differ in the number of levels."""
    if facts.lines.empty:
        return {}
    lines = {
        "training": Line("levels trained on", INK, (0, (4, 1.5)), "s"),
        HELD_OUT: Line("unseen levels"),
    }
    tested = [v for v in facts.variations if (facts.lines["tested"] == v).any()]
    for variation, style in zip(tested, bands.SHIFTED[1:] * len(tested), strict=False):
        _, dash, marker = style
        lines[variation] = Line(f"unseen, {variation}", "#8a8a8a", dash, marker)
    panels = []
    for name, look in facts.looks.items():
        own = facts.lines[facts.lines["configuration"] == name]
        parts = {key: own[own["tested"] == key] for key in lines}
        shown = {key: part for key, part in parts.items() if len(part)}
        panels.append(Panel(look.label, "", look.colour, shown))
    label = "success, %" if facts.limits else "return"
    counts = np.array(facts.counts)
    return {"levels": drawing(bands.by_levels, panels, lines, counts, label, facts.limits)}
