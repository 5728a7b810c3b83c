"""Every seed on every environment, the performance profile, and each pair of agents."""

from tfrl.report.drawings import dots, forest, lines
from tfrl.report.questions.all_environments.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns dots, the profile, and a row for each pair."""
    figures = {
        "seeds": svg_figure(dots.scores, facts.panels, facts.styles),
        "profile": svg_figure(lines.profile, facts.profile, facts.styles),
    }
    if facts.improvement:
        rows = [forest.pair_row(a, b, share, facts.styles) for a, b, share in facts.improvement]
        figures["pairs"] = svg_figure(forest.forest, [forest.wins(rows)])
    return figures
