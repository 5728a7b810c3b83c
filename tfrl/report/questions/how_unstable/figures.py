"""The strip: every seed's own training."""

from tfrl.report.drawings import strip
from tfrl.report.questions.how_unstable.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A row of cells for each configuration, a cell for each seed."""
    remarks = {name: f"{done} of {planned} seeds" for name, (done, planned) in facts.seeds.items()}
    parts = (facts.curves.runs, facts.curves.values, facts.runs, facts.looks, remarks)
    return {"strip": drawing(strip.strip, *parts, facts.limits, facts.threshold)}
