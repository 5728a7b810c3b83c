"""What choosing the best agent adds to its score."""

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.report.blocks import Answer, Cell, Note, Table
from tfrl.report.overfitting.findings import Family
from tfrl.report.units import unit
from tfrl.report.wording import holding, plural, sample


def answer(family: Family) -> Answer:
    """By how much the best of few seeds overstates."""
    claim = "What does choosing the best add to its score?"
    rows = family.optimism
    if rows.empty:
        text = "There are too few seeds or configurations to choose on some and score on the rest."
        return Answer(claim, "not known", (text,))
    numbers = unit(family.measure)
    few = rows[rows["chosen_on"] == rows["chosen_on"].min()]
    one = few.iloc[0]
    mean = f"{numbers.difference(few['optimism'].mean())}{numbers.points}"
    text = (
        f"The best of {one['configurations']} configurations on "
        f"{plural(int(one['chosen_on']), 'seed')} scores {mean} more there than on the seeds left "
        f"out, mean over {plural(len(few), 'condition')} of training; intervals are in the table."
    )
    return Answer(claim, "", (text,))


def table(family: Family, slug: str) -> Table:
    """The optimism by how many seeds choose."""
    numbers = unit(family.measure)
    found = family.optimism
    counts = sorted(found["chosen_on"].unique())
    rows = []
    for environment in family.environments:
        mine = found[found["environment"] == environment.name].set_index("chosen_on")
        size = "too few seeds or configurations"
        if len(mine):
            size = (
                f"{mine['configurations'].iloc[0]} configurations, {sample(mine['seeds'].iloc[0])}"
            )
        cells = [
            numbers.cell(mine.loc[k], "optimism") if k in mine.index else Cell("", number=True)
            for k in counts
        ]
        rows.append((Cell(family.labels[environment.name], size), *cells))
    head = ("Trained on", *(f"Best on {plural(int(k), 'seed')}" for k in counts))
    points = f", in{numbers.points}," if numbers.points else ""
    caption = (
        f"By how much{points} the configuration that scored best on some seeds did better there "
        f"than on the seeds left out; small, its {CONFIDENCE:.0%} interval."
    )
    notes = (
        Note(
            "How",
            "For every way to part the seeds that all have: the configuration with the best final "
            f"{numbers.noun} on the first part, its score there minus its score on the rest; the "
            "mean over all ways, and over those that are best alike. The ways overlap, so the "
            "interval is Student's t with the jackknife's error over seeds. Always the same one: "
            "whichever seeds choose, one wins, and what choosing adds is 0 by construction.",
        ),
        Note(
            "What it is",
            "What reporting the best on the seeds that chose it overstates. No run was made anew "
            "for it: it is cross-validation over the study's own seeds, each of which is a run of "
            "its own, in place of a re-run of the winner on fresh seeds. It is that of these "
            "configurations alone, and says nothing of choosing checkpoints or hyperparameters.",
        ),
    )
    return Table(
        "Optimism of choosing",
        slug,
        caption,
        head,
        tuple(rows),
        found,
        notes,
        holds=holding(found["seeds"], "optimism"),
    )
