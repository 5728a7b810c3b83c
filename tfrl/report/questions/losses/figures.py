"""A figure for each environment and kind of agent."""

from tfrl.report.drawings import losses
from tfrl.report.questions.losses.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A panel for each loss."""
    drawn = {}
    for kind in facts.kinds:
        drawn[f"{kind.environment}-{kind.first}"] = drawing(
            losses.losses, kind.curves, kind.names, kind.looks
        )
    return drawn
