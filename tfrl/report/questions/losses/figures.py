"""The training losses of each environment and kind of agent."""

from tfrl.report.drawings import lines
from tfrl.report.questions.losses.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a figure for each kind, with a panel for each loss."""
    return {
        f"{kind.environment}-{kind.first}": svg_figure(
            lines.losses, kind.curves, kind.names, kind.styles
        )
        for kind in facts.kinds
    }
