"""Default, Interpolation and Extrapolation of each seed."""

from tfrl.analysis.generalization import PUBLISHED, SUMMARIES
from tfrl.report.drawings import dots
from tfrl.report.questions.published_results.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure

LABELS = {
    "default": "Default: trained and tested on D",
    "interpolation": "Interpolation: trained and tested on R",
    "extrapolation": "Extrapolation: D on R, D on E, R on E",
}


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a panel for each summary: a row for each agent, and one for the published means."""
    values = facts.values.assign(**{name: 100 * facts.values[name] for name in SUMMARIES})
    published = {
        agent: {name: 100 * share for name, share in means.items()}
        for agent, means in PUBLISHED.items()
    }
    parts = (values, LABELS, facts.data.styles, published)
    return {"seeds": svg_figure(dots.with_published, *parts)}
