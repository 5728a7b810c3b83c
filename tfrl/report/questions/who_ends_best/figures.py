"""Every seed's final return, and each two agents compared."""

from tfrl.report.drawings import dots, forest
from tfrl.report.questions.who_ends_best.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A dot for each seed; a row for each pair."""
    panel = [("final return", facts.scores, facts.summary)]
    drawn = {"seeds": drawing(dots.scores, panel, facts.looks)}
    if facts.pairs:
        drawn["pairs"] = forest.of_pairs(facts.pairs, facts.looks, "final return, first − second")
    return drawn
