"""The share of seeds that have solved the task, and the return on the way."""

import pandas as pd

from tfrl.report.drawings.efficiency import Course, courses
from tfrl.report.measured import number
from tfrl.report.questions.who_learns_fastest.facts import UNITS, Facts
from tfrl.report.style import Drawing, drawing

LABELS = {
    "steps": "environment steps",
    "updates": "gradient updates",
    "seconds": "seconds of training",
}
QUARTILES = [0.25, 0.5, 0.75]


def draw(facts: Facts) -> dict[str, Drawing]:
    """A panel for the share solved, and one for the return by each unit."""
    found = []
    if facts.threshold is not None:
        rows = facts.solved
        rows = rows[(rows["event"] == "first") & (rows["unit"] == "steps")]
        lines = _lines(facts, rows.rename(columns={"time": "x", "share": "y"}))
        title = f"Seeds that have reached {number(facts.threshold)}"
        found.append(Course(title, LABELS["steps"], lines, stairs=True, share=True))
    for unit in UNITS:
        logarithmic = unit != "steps"
        lines = _lines(facts, _quartiles(facts.progress, unit, logarithmic))
        title, level = f"Return by {LABELS[unit]}", facts.threshold
        found.append(Course(title, LABELS[unit], lines, logarithmic=logarithmic, level=level))
    return {"curves": drawing(courses, found, facts.looks, f"{facts.policy} policy")}


def _lines(facts: Facts, points: pd.DataFrame) -> dict[str, pd.DataFrame]:
    parts = {name: points[points["configuration"] == name] for name in facts.looks}
    return {name: own[["x", "y", "low", "high"]] for name, own in parts.items() if len(own)}


def _quartiles(progress: pd.DataFrame, unit: str, logarithmic: bool) -> pd.DataFrame:
    """[configuration, x, y, low, high]: quartiles over the seeds at each point of the grid."""
    groups = progress.groupby(["configuration", "step"], observed=True)
    table = groups["average"].quantile(QUARTILES).unstack().reindex(columns=QUARTILES)
    table.columns = ["low", "y", "high"]
    table["x"] = table.index.get_level_values("step") if unit == "steps" else groups[unit].median()
    table = table.dropna().reset_index()
    return table[table["x"] > 0] if logarithmic else table
