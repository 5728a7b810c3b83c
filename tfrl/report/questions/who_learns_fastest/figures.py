"""The share of seeds that have solved the environment, and the return during training."""

import pandas as pd

from tfrl.report.drawings.lines import ProgressPanel, progress
from tfrl.report.estimates import number
from tfrl.report.questions.who_learns_fastest.facts import UNITS, Facts
from tfrl.report.svg import SvgFigure, svg_figure

LABELS = {
    "steps": "environment steps",
    "updates": "gradient updates",
    "seconds": "seconds of training",
}
QUARTILES = [0.25, 0.5, 0.75]


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a panel for the share solved, and one for the return by each unit."""
    parts, threshold = [], facts.data.threshold
    if threshold is not None:
        rows = facts.solved
        rows = rows[(rows["event"] == "first") & (rows["unit"] == "steps")]
        lines = _lines(facts, rows.rename(columns={"time": "x", "share": "y"}))
        title = f"Seeds that have reached {number(threshold)}"
        parts.append(ProgressPanel(title, LABELS["steps"], lines, stairs=True, share=True))
    for unit, label in ((unit, LABELS[unit]) for unit in UNITS):
        log = unit != "steps"
        lines = _lines(facts, _quartiles(facts.progress, unit, log))
        parts.append(ProgressPanel(f"Return by {label}", label, lines, log, level=threshold))
    return {"curves": svg_figure(progress, parts, facts.data.main, f"{facts.data.policy} policy")}


def _lines(facts: Facts, points: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Returns the points of each configuration that has any."""
    lines = {name: points[points["configuration"] == name] for name in facts.data.main}
    return {name: line[["x", "y", "low", "high"]] for name, line in lines.items() if len(line)}


def _quartiles(progress: pd.DataFrame, unit: str, logarithmic: bool) -> pd.DataFrame:
    """Returns [configuration, x, y, low, high]: quartiles over the seeds at each grid point."""
    groups = progress.groupby(["configuration", "step"], observed=True)
    table = groups["average"].quantile(QUARTILES).unstack().reindex(columns=QUARTILES)
    table.columns = ["low", "y", "high"]
    table["x"] = table.index.get_level_values("step") if unit == "steps" else groups[unit].median()
    table = table.dropna().reset_index()
    return table[table["x"] > 0] if logarithmic else table
