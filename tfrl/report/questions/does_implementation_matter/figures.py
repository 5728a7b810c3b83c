"""The effect of each detail on both returns."""

from tfrl.report.drawings import forest
from tfrl.report.questions.does_implementation_matter.facts import Facts
from tfrl.report.svg import SvgFigure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a figure for each return, with a row for each detail."""
    figures = {}
    for name, label in (("final", "final return"), ("area", "return over training")):
        pairs = [pair for detail in facts.details if (pair := getattr(detail, name))]
        if pairs:
            figures[name] = forest.of_pairs(pairs, facts.data.styles, f"{label}, first − second")
    return figures
