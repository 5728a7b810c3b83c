"""What each agent scores when trained on one variation and tested on another."""

import numpy as np

from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import Matrix
from tfrl.report.measured import interval, value
from tfrl.report.questions.other_physics.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A matrix for each agent, where environments differ in more than the number of levels."""
    if facts.several_levels:
        return {}
    by_place = {(cell.name, cell.environment, cell.tested): cell.mean for cell in facts.cells}
    found = []
    for name, look in facts.looks.items():
        rows = [
            [by_place.get((name, environment, tested)) for tested in facts.columns]
            for environment in facts.places
        ]
        values = [
            [facts.unit.scale * mean.value if mean else np.nan for mean in row] for row in rows
        ]
        texts = [[value(mean).rstrip("%") if mean else "no run" for mean in row] for row in rows]
        details = [
            [
                interval(mean)
                .replace("%", "")
                .replace("\N{NO-BREAK SPACE}to\N{NO-BREAK SPACE}", "–")
                if mean and np.isfinite(mean.low)
                else ""
                for mean in row
            ]
            for row in rows
        ]
        found.append(Matrix(look.label, np.array(values), texts, details))
    limits = (facts.unit.scale * facts.ends[0], facts.unit.scale * facts.ends[1])
    return {
        "matrix": drawing(
            heatmaps.matrices, found, list(facts.places.values()), facts.columns, limits
        )
    }
