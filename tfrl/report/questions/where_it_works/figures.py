"""A map for each agent and what it was trained on."""

from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import Map
from tfrl.report.questions.where_it_works.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """Rows of maps, a row for each environment."""
    cells = facts.values.set_index(["environment", "configuration", "cell"])[facts.column]
    shape = (len(facts.lattice.y) - 1, len(facts.lattice.x) - 1)
    rows = []
    for environment, _ in facts.environments:
        row = []
        for name, look in facts.looks.items():
            index = [(environment, name, cell) for cell in range(facts.cells)]
            values = facts.unit.scale * cells.reindex(index).to_numpy(float)
            row.append(Map(look.label, values.reshape(shape)))
        rows.append(row)
    labels = [f"trained on {label}" for _, label in facts.environments]
    unit = "success, %" if facts.noun == "success" else "return"
    return {"map": drawing(heatmaps.maps, rows, labels, facts.lattice, facts.limits, unit)}
