"""A map for each agent and environment."""

from tfrl import variations
from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import GridMap
from tfrl.report.questions.where_it_works.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns rows of maps, a row for each environment."""
    data = facts.data
    cells = facts.values.set_index(["environment", "configuration", "cell"])[data.noun]
    shape = (len(facts.grid_axes.y) - 1, len(facts.grid_axes.x) - 1)
    rows, labels = [], []
    for environment in data.environments:
        if variations.GRID not in environment.level_config.test:
            continue
        row = []
        for name, style in data.styles.items():
            index = [(environment.name, name, cell) for cell in range(facts.cells)]
            values = data.unit.scale * cells.reindex(index).to_numpy(float)
            row.append(GridMap(style.label, values.reshape(shape)))
        rows.append(row)
        labels.append(f"trained on {data.labels[environment.name]}")
    unit = "success, %" if data.noun == "success" else "return"
    low, high = data.limits
    limits = (data.unit.scale * low, data.unit.scale * high)
    return {"map": svg_figure(heatmaps.maps, rows, labels, facts.grid_axes, limits, unit)}
