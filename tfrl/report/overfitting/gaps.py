"""Trained on one, tested on another: the matrix of scores and the table of verdicts."""

import numpy as np
import pandas as pd

from tfrl.analysis import overfitting
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT, MARGIN
from tfrl.report.blocks import Cell, Note, Picture, Table
from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import Matrix
from tfrl.report.overfitting import published
from tfrl.report.overfitting.answers import TOGETHER
from tfrl.report.overfitting.findings import Family
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.units import Unit, judged, unit
from tfrl.report.wording import holding, listed, plural, sample


def picture(family: Family, slug: str, looks: Looks) -> Picture:
    """What each agent scores when trained on one variation and tested on another."""
    numbers, columns = unit(family.measure), family.variations
    by = ["configuration", "environment", "tested"]
    cells = family.matrix.assign(tested=family.matrix["tested"].astype(str))
    means = overfitting.over_seeds(cells, by, family.measure.column).set_index(by)
    names = [environment.name for environment in family.environments]
    index = pd.MultiIndex.from_product([names, columns])
    found, said = [], []
    for name, look in looks.items():
        known = name in means.index.get_level_values(0)
        rows = (means.loc[name] if known else means.droplevel(0).head(0)).reindex(index)
        texts, bounds = _written(rows, family, numbers)
        shape = (len(names), len(columns))
        values = numbers.scale * rows["mean"].to_numpy(float).reshape(shape)
        found.append(Matrix(look.label, values, _table(texts, shape), _table(bounds, shape)))
        parts = [
            f"{family.labels[trained]} on {tested} {text}"
            for (trained, tested), text in zip(index, texts, strict=True)
        ]
        said.append(f"{look.label}: {', '.join(parts)}")
    ends = (family.measure.low, family.measure.high)
    ends = ends if np.isfinite(ends[0]) else (means["mean"].min(), means["mean"].max())
    limits = (numbers.scale * ends[0], numbers.scale * ends[1])
    labels = [family.labels[name] for name in names]
    wide, narrow = (
        heatmaps.matrices(found, labels, columns, limits, narrow) for narrow in (False, True)
    )
    what = "Success in percent" if numbers.sign else "Mean return"
    caption = (
        f"{what}: rows are trained on, columns tested on. Compare along a column: all its cells "
        f"are tested on the same levels, so that training alone differs.{_floors(family)} "
        f"{family.policy.capitalize()} policy at the end of training, "
        f"{family.study.evaluation.episodes:,} held-out levels a seed. Large: mean over seeds; "
        f"small: its {CONFIDENCE:.0%} interval, cut off at what is possible, where there is one."
    )
    alt = f"{what}, trained on the first and tested on the second. {'; '.join(said)}."
    holds = holding(family.final["n"], "mean")
    return Picture(f"{slug}-matrix", alt, caption, wide, narrow, holds)


def _written(rows: pd.DataFrame, family: Family, numbers: Unit) -> tuple[list[str], list[str]]:
    """What stands in each cell, large and small."""

    def short(value: float) -> str:
        return numbers.score(value).removesuffix("%")

    to = "–" if numbers.sign else " to "
    ends = rows[["low", "high"]].clip(family.measure.low, family.measure.high)
    texts = ["no run" if np.isnan(value) else short(value) for value in rows["mean"]]
    bounds = [
        "" if np.isnan(low) else f"{short(low)}{to}{short(high)}"
        for low, high in zip(ends["low"], ends["high"], strict=True)
    ]
    return texts, bounds


def _table(items: list[str], shape: tuple[int, int]) -> list[list[str]]:
    rows, columns = shape
    return [items[row * columns : (row + 1) * columns] for row in range(rows)]


def _floors(family: Family) -> str:
    """What the best constant action scores, if it ever succeeds."""
    known = overfitting.floors(family.id, family.measure)
    shares = [
        f"{unit(family.measure).score(known[variation])} on {variation}"
        for variation in family.variations
    ]
    if not any(known[variation] > 0 for variation in family.variations):
        return ""
    return (
        f" The best constant action, which takes no learning, succeeds in {listed(shares)}: up to "
        "there, a cell shows how easy the test is, not what was learned."
    )


def table(family: Family, slug: str, looks: Looks) -> Table:
    """Every gap at the end of training, with its verdict."""
    numbers = unit(family.measure)
    found, plain = (
        family.last(frame).set_index(["configuration", "environment", "tested"])
        for frame in (family.verdicts, family.plain)
    )
    tests = [v for v in family.variations if v in plain.index.get_level_values("tested")]
    rows = []
    for name, look in looks.items():
        for environment in family.environments:
            where = (name, environment.name)
            label = agent(look, f"trained on {family.labels[environment.name]}")
            if (*where, HELD_OUT) not in found.index:
                rows.append((label, *(Cell("no run", number=True) for _ in ("", "", *tests))))
                continue
            there = found.loc[(*where, HELD_OUT)]
            cells = [_shifted(found, plain, (*where, test), numbers, there) for test in tests]
            rows.append((label, _there(there, numbers), _gap(there, numbers), *cells))
    score = f"{numbers.noun.capitalize()} in training, of those that learned"
    head = ("Agent", score, "Unseen levels", *tests)
    caption = (
        f"Verdicts on gaps in {numbers.noun}{f', in{numbers.points},' if numbers.points else ''} "
        f"of the {family.policy} policy at the end of training: mean over the seeds that learned; "
        f"small, its {CONFIDENCE:.0%} interval, and for variations the plain difference."
    )
    end = family.study.steps
    mine = [
        frame[frame["step"] == end].assign(kind=kind, measure=family.measure.column)
        for kind, frame in (("judged", family.verdicts), ("plain", family.plain))
    ]
    data = pd.concat([*mine, family.in_return.assign(measure="return")])
    data = data.drop_duplicates([*data.columns[:5], "kind", "measure"])
    holds = holding(family.last(family.verdicts)["n"], family.kind)
    notes = _notes(family, looks)
    return Table("Gaps", slug, caption, head, tuple(rows), data, notes, "full gaps", holds)


def _there(row: pd.Series, numbers: Unit) -> Cell:
    """The score on what was trained on, and how many seeds learned."""
    detail = "" if row["n"] == row["runs"] else f"{row['n']} of {row['runs']} seeds learned"
    if row["n"] == 0:
        return Cell("too little", detail, number=True)
    return Cell(numbers.score(row["reference"]), detail, number=True)


def _gap(row: pd.Series, numbers: Unit, more: str = "") -> Cell:
    """The verdict and the number, above the interval."""
    if row["n"] == 0:
        return Cell(judged(row), number=True)
    cell = numbers.cell(row, "gap", after=more)
    return Cell(f"{judged(row)} {cell.text}", cell.detail, number=True)


def _shifted(
    found: pd.DataFrame,
    plain: pd.DataFrame,
    key: tuple[str, str, str],
    numbers: Unit,
    own: pd.Series,
) -> Cell:
    """What is lost by not having trained there, beside the plain difference.

    Where fewer seeds can be judged than on unseen levels, the row `own`, says how many.
    """
    if key not in plain.index:
        return Cell("own", number=True)
    judged_on = found.loc[key] if key in found.index else plain.loc[key]
    # Of one seed its missing interval says so.
    few = "" if judged_on["n"] in (1, own["n"]) else f"; {sample(judged_on['n'])}"
    row = plain.loc[key]
    if row["n"] == 0:
        return Cell("too little learned", number=True)
    if key not in found.index:
        cell = numbers.cell(row, "gap", after=f"not judged{few}")
        return Cell(f"difference {cell.text}", cell.detail, number=True)
    beside = numbers.difference(row["gap"], row["low"], row["high"])
    return _gap(judged_on, numbers, f"plain {beside}{few}")


def _notes(family: Family, looks: Looks) -> tuple[Note, ...]:
    numbers, margin = unit(family.measure), family.measure.margin
    least = "which is not known here"
    if np.isfinite(margin):
        least = f"{numbers.difference(margin)}{numbers.points or ' of return'}"
    return (
        published.success(family.id),
        *published.physics(family.id),
        Note(
            "A gap",
            "Unseen levels: the score on levels that were trained on minus that on held-out levels "
            "of the same variation. A variation: what is lost on it by not having been trained on "
            "it, the score of the run of the same seed that was, minus that of the run that was "
            "not, on the same levels. Plain is the score on what was trained on minus that on this "
            f"variation. Where none was trained on it, there is only that: {TOGETHER}.",
        ),
        Note(
            "Verdict",
            "Gap: the interval lies above 0. Not detected: it covers 0 and excludes a gap that "
            f"matters, {MARGIN:.0%} of the possible range, {least}; decided before any result was "
            "seen. Better: it lies below 0. Inconclusive: it covers 0 and such a gap, or there is "
            "no interval. Here nothing is corrected for being many: where there is no gap, one in "
            "twenty intervals excludes 0 by chance. Answers that count verdicts do correct for how "
            "many they count (Holm): what is then no longer sure is counted as inconclusive.",
        ),
        Note(
            "Learned",
            "A seed is judged if it scores at least that much above the best constant action"
            f"{_constant(family)}: on the levels it was trained on, for unseen ones; on unseen "
            "levels of the variation it was trained on, for other variations, and then the run "
            "that was trained there must too. So a row can have more or fewer seeds here than "
            "there. The others score too little at the end to lose any, though some may have "
            "scored more before. Gaps of the return, in the CSV, are of the seeds that score at "
            "least that much above the least possible return.",
        ),
        Note(
            "Interval",
            "Student's t over seeds, never over episodes: those of one run share its policy and "
            f"are no evidence of what another seed would learn. {_few_levels(family)}Where all "
            "seeds are equal, the interval is what would result if one episode of one seed had "
            "gone the other way.",
        ),
        Note("The policy", _policy(family, looks)),
    )


def _few_levels(family: Family) -> str:
    """What else an interval is made of where the levels trained on are few."""
    if not family.finite:
        return ""
    return (
        "To unseen levels, the chance of which levels are trained on counts too: all runs have the "
        "same, and ten may be easier than others. "
    )


def _constant(family: Family) -> str:
    known = overfitting.floors(family.id, family.measure)
    above = [v for v in family.variations if known[v] > max(0.0, family.measure.low)]
    shares = [f"{unit(family.measure).score(known[v])} on {v}" for v in above]
    return f" ({listed(shares)})" if shares else ""


def _policy(family: Family, looks: Looks) -> str:
    """Which policy is judged, and why; where it is chosen, what the other one would have shown."""
    text = (
        "Greedy: the action that it rates highest. Stochastic: one that is drawn, as while it is "
        f"trained. Judged is the {family.policy} one; the other's numbers are in the CSV."
    )
    if family.policy == "greedy" or not family.finite:
        return text
    fewest = min(family.finite, key=lambda e: e.conditions.num_levels)
    rows = family.verdicts[family.verdicts["step"] == family.study.steps]
    rows = rows[(rows["tested"] == HELD_OUT) & (rows["environment"] == fewest.name)]
    numbers, said = unit(family.measure), []
    for policy in ("greedy", "stochastic"):
        mine = rows[(rows["policy"] == policy) & (rows["n"] > 0)]
        gaps = [
            f"{looks[row['configuration']].label} {numbers.difference(row['gap'])}"
            for _, row in mine.iterrows()
        ]
        said.append(f"{policy} {listed(gaps or ['not known'])}")
    return (
        f"{text} An agent without memory that always takes the action it rates highest can circle "
        "for ever in a maze that it has not memorised. Gaps on "
        f"{plural(fewest.conditions.num_levels, 'level')}: {'; '.join(said)}."
    )
