"""What each detail changes."""

from tfrl.report.drawings import forest
from tfrl.report.questions.does_implementation_matter.facts import Facts
from tfrl.report.style import Drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A row for each detail, for both measures."""
    found = {}
    for name, label in (("final", "final return"), ("area", "return over training")):
        pairs = [pair for detail in facts.details if (pair := getattr(detail, name))]
        if pairs:
            found[name] = forest.of_pairs(pairs, facts.looks, f"{label}, first − second")
    return found
