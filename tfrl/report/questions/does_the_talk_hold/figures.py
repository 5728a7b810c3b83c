"""The talk's own figure, and the values behind its claims."""

from tfrl.analysis.apo import CLAIMS
from tfrl.report.drawings import curves, dots
from tfrl.report.questions.does_the_talk_hold.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure

LABELS = {
    "early_return": "Return at first, greedy policy",
    "lost": "Lost what it had learned",
    "late_spread": "Spread of returns, later",
}


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a line for each seed by episode, and a dot for each run's values."""
    keys = [claim.key for claim in facts.claims]
    labels = {claim.measure: LABELS[claim.measure] for claim in CLAIMS if claim.key in keys}
    threshold = facts.data.threshold
    return {
        "talk": svg_figure(curves.by_episode, facts.averages, facts.styles, threshold),
        "values": svg_figure(dots.measures, facts.values, labels, facts.styles),
    }
