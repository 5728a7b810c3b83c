"""What choosing the best agent adds to its score."""

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.report.blocks import Answer, Cell, Note, Table
from tfrl.report.overfitting.findings import Family
from tfrl.report.units import unit
from tfrl.report.wording import plural, sample

SAME = "always the same one"  # is chosen, so that nothing is added


def answer(family: Family) -> Answer:
    """By how much the best of few seeds overstates."""
    claim = "What does choosing the best agent add to its score?"
    rows = family.optimism
    if rows.empty:
        text = "There are too few seeds or agents to choose on some and score on the others."
        return Answer(claim, "not known", (text,))
    numbers = unit(family.measure)
    few = rows[rows["chosen_on"] == rows["chosen_on"].min()].sort_values("optimism")
    most = few.iloc[-1]
    bounds = numbers.bounds(most["low"], most["high"])
    inside = f"{CONFIDENCE:.0%} interval {bounds}, " if bounds else ""
    mean = f"{numbers.difference(few['optimism'].mean())}{numbers.points}"
    text = (
        f"Chosen as the best of {most['configurations']} on "
        f"{plural(int(most['chosen_on']), 'seed')}, an agent scores {mean} more there than on "
        f"fresh seeds (mean over {plural(len(few), 'condition')} of training); at most "
        f"{numbers.difference(most['optimism'], most['low'], most['high'])}, trained on "
        f"{family.labels[most['environment']]} ({inside}{sample(most['seeds'])})."
    )
    return Answer(claim, "", (text,))


def table(family: Family, slug: str) -> Table:
    """The optimism by how many seeds choose."""
    numbers = unit(family.measure)
    found = family.optimism.assign(note=SAME)
    counts = sorted(found["chosen_on"].unique())
    rows = []
    for environment in family.environments:
        mine = found[found["environment"] == environment.name].set_index("chosen_on")
        size = "too few seeds or agents"
        if len(mine):
            size = f"{mine['configurations'].iloc[0]} agents, {sample(mine['seeds'].iloc[0])}"
        cells = [
            numbers.cell(mine.loc[k], "optimism") if k in mine.index else Cell("", number=True)
            for k in counts
        ]
        rows.append((Cell(family.labels[environment.name], size), *cells))
    head = ("Trained on", *(f"Best on {plural(int(k), 'seed')}" for k in counts))
    points = f", in{numbers.points}," if numbers.points else ""
    caption = (
        f"By how much{points} the agent that scored best on some seeds did better there than on "
        f"the others; small, its {CONFIDENCE:.0%} interval."
    )
    notes = (
        Note(
            "How",
            "For every way to part the seeds that all agents have: the agent with the best final "
            f"{numbers.noun} on the first part, its score there minus its score on the rest; the "
            "mean over all ways. The ways overlap, so the interval is Student's t about the "
            f"jackknife over seeds. {SAME.capitalize()}: whichever seeds choose, one agent wins, "
            "and luck adds nothing.",
        ),
        Note(
            "What it is",
            "What reporting the best agent on the seeds that chose it overstates. It is that of "
            "these agents alone, and says nothing of choosing checkpoints or hyperparameters.",
        ),
    )
    return Table("Optimism of choosing", slug, caption, head, tuple(rows), found, notes)
