"""Every seed of every configuration, and each configuration against a plain one."""

from tfrl.report.drawings import dots, forest
from tfrl.report.drawings.forest import ForestPanel, ForestRow
from tfrl.report.questions.what_of_apo_helps.facts import MEASURES, Against, Facts
from tfrl.report.svg import SvgFigure, svg_figure

LABELS = {
    "final": "Final return",
    "area": "Return over training",
    "drawdown": "Maximum drawdown",
}


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a row of dots for each configuration, and a row for each difference."""
    data = facts.data
    parts = (data.id, data.area, "return over training", data.styles)
    figures = {"seeds": svg_figure(dots.lined_up, *parts)}
    for against in facts.against:
        figures[f"against-{against.name}"] = svg_figure(forest.forest, _panels(against, facts))
    return figures


def _panels(against: Against, facts: Facts) -> list[ForestPanel]:
    """Returns a panel for each measure."""
    styles = facts.data.styles
    label = f"typical difference to {styles[against.name].label}"
    return [
        ForestPanel(
            LABELS[key],
            label,
            [
                ForestRow(style.label, variant.by[key].typical, (style.colour, style.colour))
                for variant in against.variants
                if key in variant.by
                for style in [styles[variant.name]]
            ],
            0,
        )
        for key in MEASURES
    ]
