"""Every seed on every environment, and which share of runs gets how far."""

from tfrl.report.drawings import curves, dots, forest
from tfrl.report.measured import MINUS
from tfrl.report.questions.all_environments.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """Dots, the performance profile, and who wins how often."""
    seeds = drawing(dots.scores, facts.panels, facts.looks)
    profile = drawing(curves.profile, facts.profile, facts.looks)
    drawn = {"seeds": seeds, "profile": profile}
    if facts.improvement:
        rows = [
            forest.Row(
                f"{facts.looks[a].label} {MINUS} {facts.looks[b].label}",
                one.value, one.low, one.high, one.note,
                (facts.looks[a].colour, facts.looks[b].colour),
            )
            for a, b, one in facts.improvement
        ]  # fmt: skip
        panel = forest.Panel("First beats second", "share of pairs", rows, 0.5, (0.0, 1.0))
        drawn["pairs"] = drawing(forest.forest, [panel])
    return drawn
