"""The talk's own figure, over all seeds, and the values behind the claims."""

from tfrl.analysis.apo import CLAIMS
from tfrl.report.drawings import curves, dots
from tfrl.report.questions.does_the_talk_hold.facts import Facts
from tfrl.report.style import Drawing, drawing

LABELS = {
    "early_return": "Return at first, greedy policy",
    "lost": "Lost what it had learned",
    "late_spread": "Spread of returns, later",
}


def draw(facts: Facts) -> dict[str, Drawing]:
    """A line for each seed by episode; a dot for each run's values."""
    keys = [claim.key for claim in facts.claims]
    labels = {one.measure: LABELS[one.measure] for one in CLAIMS if one.key in keys}
    return {
        "talk": drawing(curves.by_episode, facts.averages, facts.looks, facts.threshold),
        "values": drawing(dots.measures, facts.values, labels, facts.looks),
    }
