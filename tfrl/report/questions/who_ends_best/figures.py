"""The final return of every seed, and each pair of agents."""

from tfrl.report.drawings import dots, forest
from tfrl.report.questions.who_ends_best.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a dot for each seed, and a row for each pair."""
    data = facts.data
    panel = [("final return", data.select(data.final), facts.summary)]
    figures = {"seeds": svg_figure(dots.scores, panel, data.main)}
    if facts.pairs:
        figures["pairs"] = forest.of_pairs(facts.pairs, data.main, "final return, first − second")
    return figures
