"""The scores of each agent, by what it was trained and tested on."""

import numpy as np

from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import Matrix
from tfrl.report.estimates import NO_BREAK, IntervalEstimate, interval, value
from tfrl.report.questions.other_physics.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a matrix for each agent; none if environments differ in the number of levels."""
    data = facts.data
    if data.several_levels:
        return {}
    means = {(cell.name, cell.environment, cell.tested): cell.mean for cell in facts.cells}
    no_run = IntervalEstimate(np.nan, note="no run", unit=data.unit)
    matrices = []
    for name, style in data.styles.items():
        rows = [
            [means.get((name, environment, tested), no_run) for tested in data.variations]
            for environment in data.labels
        ]
        values = [[data.unit.scale * mean.value for mean in row] for row in rows]
        texts = [[value(mean).rstrip("%") for mean in row] for row in rows]
        details = [[_short_interval(mean) for mean in row] for row in rows]
        matrices.append(Matrix(style.label, np.array(values), texts, details))
    limits = (data.unit.scale * facts.ends[0], data.unit.scale * facts.ends[1])
    parts = (matrices, list(data.labels.values()), data.variations, limits)
    return {"matrix": svg_figure(heatmaps.annotated, *parts)}


def _short_interval(mean: IntervalEstimate) -> str:
    """Returns `12–61`; empty without an interval."""
    text = interval(mean) if np.isfinite(mean.low) else ""
    return text.replace("%", "").replace(f"{NO_BREAK}to{NO_BREAK}", "–")
