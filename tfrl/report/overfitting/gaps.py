"""Trained on one, tested on another: what is lost on unseen levels and under other physics."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from tfrl.analysis import overfitting
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT, IDLE, MARGIN
from tfrl.report.blocks import Answer, Cell, Note, Picture, Table
from tfrl.report.drawings import heatmaps
from tfrl.report.drawings.heatmaps import Matrix
from tfrl.report.overfitting import findings, published
from tfrl.report.overfitting.findings import Family
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.units import VERDICTS, Unit, estimates, judged, tally, unit
from tfrl.report.wording import listed, plural

_CIRCLES = {
    "stochastic": ", since in a maze an agent that has no memory and always acts alike circles"
}


def unseen(families: Sequence[Family], looks: Looks) -> list[Answer]:
    """What is lost on levels that are not among a finite number trained on."""
    sentences: list[str] = []
    verdicts: list[str] = []
    for family in (family for family in families if family.finite):
        rows = family.last(family.verdicts)
        rows = rows[rows["tested"] == HELD_OUT]
        fewest = min(family.finite, key=lambda e: e.conditions.num_levels)
        mine = rows[rows["environment"] == fewest.name]
        sentences.append(
            f"Trained on {plural(fewest.conditions.num_levels, 'level')} of {family.id}, "
            f"{unit(family.measure).noun} on unseen ones is lower by: "
            f"{estimates(mine, _names(mine, looks), unit(family.measure))}."
        )
        if len(family.finite) > 1:
            sentences.append(_enough(family, rows, looks))
        verdicts += rows[rows["environment"].isin([e.name for e in family.finite])][
            "verdict"
        ].tolist()
    claim = "Levels never trained on"
    return [Answer(claim, tally(verdicts, VERDICTS), tuple(sentences))] if sentences else []


def _enough(family: Family, rows: pd.DataFrame, looks: Looks) -> str:
    """The fewest levels at which no overfitting is detected."""
    counts = {e.name: e.conditions.num_levels for e in family.finite}
    parts = []
    for name, look in looks.items():
        clean = rows[(rows["configuration"] == name) & (rows["verdict"] == "none")]
        found = [counts[where] for where in clean["environment"] if where in counts]
        parts += [f"{min(found):,} for {look.label}"] if found else []
    if not parts:
        return f"Up to {max(counts.values()):,} levels, overfitting is not excluded for any agent."
    rest = "" if len(parts) == len(looks) else "; for the others, none of those tried"
    return f"Fewest levels on which no overfitting is detected: {listed(parts)}{rest}."


def physics(families: Sequence[Family], looks: Looks) -> list[Answer]:
    """What is lost under variations that were not trained on."""
    summarised = [family for family in families if len(family.summaries)]
    if len(summarised) > 1:
        said = published.answer(summarised, looks)
        idle = [family.id for family in summarised if _idle(family)]
        more = (f"On {listed(idle)} too little was learned to lose any.",) if idle else ()
        return [Answer(said.claim, said.outcome, (*said.evidence, *more))]
    sentences: list[str] = []
    verdicts: list[str] = []
    for family in families:
        shifted = family.last(family.verdicts)
        shifted = shifted[shifted["tested"] != HELD_OUT]
        trained = findings.unbounded(family.environments, "D") or family.environments[-1]
        mine = shifted[shifted["environment"] == trained.name]
        verdicts += mine["verdict"].tolist()
        if _idle(family):
            sentences.append(f"On {family.id} too little was learned to lose any.")
            continue
        for tested in family.variations:
            rows = mine[mine["tested"] == tested]
            if len(rows):
                lower = estimates(rows, _names(rows, looks), unit(family.measure))
                where, noun = family.labels[trained.name], unit(family.measure).noun
                name = tested if len(tested) == 1 else f'"{tested}"'
                sentences.append(f"Trained on {where}, {noun} on {name} is lower by: {lower}.")
    claim = "Variations never trained on"
    return [Answer(claim, tally(verdicts, VERDICTS), tuple(sentences))] if verdicts else []


def _idle(family: Family) -> bool:
    """Whether no agent learned enough, under any conditions, that a loss could show."""
    rows = family.last(family.verdicts)
    best = (rows["reference"] - family.measure.low).max()
    return bool(best < family.measure.margin)


def control(families: Sequence[Family]) -> list[Answer]:
    """Unbounded levels: there is nothing to memorise, so that a gap would be a fault of ours."""
    found = []
    for family in families:
        rows = family.last(family.verdicts)
        finite = [environment.name for environment in family.finite]
        mine = (rows["tested"] == HELD_OUT) & ~rows["environment"].isin(finite)
        found.append(rows[mine & (rows["note"] != IDLE)])
    rows = pd.concat(found)
    total = int(rows["low"].notna().sum())
    if not total:
        return []
    shown = int(rows["verdict"].isin(["gap", "reverse"]).sum())
    usual = int(stats.binom.ppf(0.95, total, 1 - CONFIDENCE))
    text = (
        "Where training draws from all levels there are, those it met and those held out are of "
        f"one distribution: {shown} of {total} intervals of their difference exclude 0, and up to "
        f"{usual} may by chance."
    )
    outcome = "nothing shows, as it should" if shown <= usual else "more shows than should"
    return [Answer("Control", outcome, (text,))]


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
        f"{what}: rows are trained on, columns tested on, so that along a row the test alone "
        f"differs. {family.policy.capitalize()} policy at the end of training, "
        f"{family.study.evaluation.episodes:,} held-out levels a seed. Large: mean over seeds; "
        f"small: its {CONFIDENCE:.0%} interval, cut off at what is possible, where there is one."
    )
    alt = f"{what}, trained on the first and tested on the second. {'; '.join(said)}."
    return Picture(f"{slug}-matrix", alt, caption, wide, narrow)


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


def table(family: Family, slug: str, looks: Looks) -> Table:
    """Every gap at the end of training, with its verdict."""
    numbers = unit(family.measure)
    found = family.last(family.verdicts).set_index(["configuration", "environment", "tested"])
    tests = [v for v in family.variations if v in found.index.get_level_values("tested")]
    rows = []
    for name, look in looks.items():
        for environment in family.environments:
            where = (name, environment.name)
            there = (*where, HELD_OUT) in found.index
            level = numbers.score(found.loc[(*where, HELD_OUT), "reference"]) if there else "no run"
            cells = [
                _gap(found.loc[(*where, tested)], numbers)
                if (*where, tested) in found.index
                else Cell("own" if there else "no run", number=True)
                for tested in (HELD_OUT, *tests)
            ]
            label = agent(look, f"trained on {family.labels[environment.name]}")
            rows.append((label, Cell(level, number=True), *cells))
    head = ("Agent", f"{numbers.noun.capitalize()} there", "Unseen levels", *tests)
    caption = (
        f"Gaps in {numbers.noun}{f', in{numbers.points},' if numbers.points else ''} of the "
        f"{family.policy} policy at the end of training: mean over seeds; small, its "
        f"{CONFIDENCE:.0%} interval and the verdict."
    )
    last = family.verdicts[family.verdicts["step"] == family.study.steps]
    data = pd.concat(
        [last.assign(measure=family.measure.column), family.in_return]
    ).drop_duplicates()
    return Table(
        "Gaps", slug, caption, head, tuple(rows), data, _notes(family, last, numbers), "full gaps"
    )


def _gap(row: pd.Series, numbers: Unit) -> Cell:
    return numbers.cell(row, "gap", after=judged(row))


def _notes(family: Family, last: pd.DataFrame, numbers: Unit) -> tuple[Note, ...]:
    margin = family.measure.margin
    least = "which is not known here"
    if np.isfinite(margin):
        least = f"{numbers.difference(margin)}{numbers.points or ' of return'}"
    keys = ["configuration", "environment", "tested"]
    sides = [
        last[last["policy"] == policy][[*keys, "verdict"]] for policy in ("greedy", "stochastic")
    ]
    both = sides[0].merge(sides[1], on=keys)
    same = int((both["verdict_x"] == both["verdict_y"]).sum())
    return (
        published.success(family.id),
        *published.physics(family.id),
        Note(
            "A gap",
            "Unseen levels: the score on levels that were trained on minus that on held-out levels "
            "of the same variation. A variation: the score on held-out levels of the one that was "
            "trained on minus that on this one. One value a seed.",
        ),
        Note(
            "Verdict",
            "Gap: the interval lies above 0. Not detected: it covers 0 and excludes a gap that "
            f"matters, {MARGIN:.0%} of the possible range, {least}; decided before any result was "
            "seen. Better: it lies below 0. Inconclusive: it covers 0 and such a gap, or there is "
            "no interval. Too little learned: the agent has less than that to lose. Nothing is "
            "corrected for being many: where there is no gap, one in twenty intervals excludes 0 "
            "by chance.",
        ),
        Note(
            "Interval",
            "Student's t over seeds, never over episodes: those of one run share its policy and "
            "are no evidence of what another seed would learn. To unseen levels, the chance of "
            "which levels are trained on counts too: all runs have the same, and ten may be easier "
            "than others. Where all seeds are equal, the interval is what would result if one "
            "episode of one seed had gone the other way.",
        ),
        Note(
            "The policy",
            "Greedy: the action that it rates highest. Stochastic: one that is drawn, as while it "
            f"is trained. Judged is the {family.policy} one{_CIRCLES.get(family.policy, '')}. The "
            f"other's verdict is the same for {same} of {plural(len(both), 'gap')}; its numbers "
            "are in the CSV.",
        ),
    )


def _names(rows: pd.DataFrame, looks: Looks) -> list[str]:
    return [looks[name].label for name in rows["configuration"]]
