"""Every seed of every configuration, and each against a plain one."""

from tfrl.report.drawings import dots, forest
from tfrl.report.drawings.forest import Panel, Row
from tfrl.report.questions.what_of_apo_helps.facts import MEASURES, Against, Facts
from tfrl.report.style import Drawing, drawing

LABELS = {
    "final": "Final return",
    "area": "Return over training",
    "drawdown": "Maximum drawdown",
}


def draw(facts: Facts) -> dict[str, Drawing]:
    """A row of dots for each configuration; a row for each difference."""
    found = [(facts.id, facts.scores)]
    drawn = {"seeds": drawing(dots.lined_up, found, "return over training", facts.looks)}
    for one in facts.against:
        drawn[f"against-{one.name}"] = drawing(forest.forest, _panels(one, facts))
    return drawn


def _panels(against: Against, facts: Facts) -> list[Panel]:
    panels = []
    for key in MEASURES:
        rows = []
        for variant in against.variants:
            look = facts.looks[variant.name]
            if key in variant.by:
                one = variant.by[key].typical
                ends = (one.value, one.low, one.high, one.note)
                rows.append(Row(look.label, *ends, (look.colour, look.colour)))
        label = f"typical difference to {facts.looks[against.name].label}"
        panels.append(Panel(LABELS[key], label, rows, 0))
    return panels
