"""The strip: the training curve of every seed."""

from tfrl.report.drawings import strip
from tfrl.report.questions.how_unstable.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a row of cells for each configuration, a cell for each seed."""
    data = facts.data
    finished = (data.runs["status"] == "finished").groupby(data.runs["configuration"])
    remarks = {name: f"{runs.sum()} of {len(runs)} seeds" for name, runs in finished}
    parts = (data.curves.runs, data.curves.values, data.runs, data.styles, remarks)
    return {"strip": svg_figure(strip.strip, *parts, data.limits, data.threshold)}
