"""Default, Interpolation and Extrapolation beside what Packer et al. (2018) published."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tfrl import conditions
from tfrl.analysis import generalization, overfitting, thresholds
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.generalization import PUBLISHED, SUMMARIES
from tfrl.report.blocks import Cell, Note, Picture, Table
from tfrl.report.drawings import dots
from tfrl.report.overfitting.findings import Family
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.units import PERCENT
from tfrl.report.wording import holding, listed, number, sample

EXPLAINED = {
    ("CartPole", "length"): "half the pole's length",
    ("Maze", "openings"): "share of a maze's inner walls that is taken away",
}


def picture(family: Family, looks: Looks) -> Picture:
    """Each seed's Default, Interpolation and Extrapolation."""
    values = family.summaries
    percent = values.assign(**{name: 100 * values[name] for name in SUMMARIES})
    published = {
        agent: {name: 100 * share for name, share in means.items()}
        for agent, means in PUBLISHED.items()
    }
    labels = {
        "default": "Default: trained and tested on D",
        "interpolation": "Interpolation: trained and tested on R",
        "extrapolation": "Extrapolation: D on R, D on E, R on E",
    }
    wide, narrow = (
        dots.beside_published(percent, labels, looks, published, width) for width in (4.6, 3.6)
    )
    caption = (
        "Success of the greedy policy. Every dot is one seed, the tick is their median. Diamonds: "
        "published means (Packer et al. 2018), over other tasks and with other budgets."
    )
    medians = percent.groupby("configuration", observed=True)[list(SUMMARIES)].median().dropna()
    said = [
        f"{looks[name].label} {listed([f'{value:.0f}%' for value in row])}"
        for name, row in medians.iterrows()
    ]
    alt = (
        "A row of dots for each agent, a dot for each seed. Median success in Default, "
        f"Interpolation and Extrapolation: {listed(said or ['no run'])}."
    )
    return Picture("summaries", alt, caption, wide, narrow)


def table(families: Sequence[Family], slug: str, looks: Looks, beside: bool = True) -> Table:
    """The same as means with intervals; `beside` the published ones or alone."""
    values = generalization.averaged([family.summaries for family in families])
    found = {
        part: overfitting.over_seeds(values.dropna(subset=part), ["configuration"], part)
        for part in SUMMARIES
    }
    rows = [
        (agent(look), *(_share(found[part], name) for part in SUMMARIES))
        for name, look in looks.items()
    ]
    for name, means in PUBLISHED.items() if beside else ():
        shares = (Cell(f"{100 * means[part]:.1f}%", number=True) for part in SUMMARIES)
        rows.append((Cell(name, "Packer et al. (2018)"), *shares))
    ids = listed([family.id for family in families])
    caption = (
        f"Success of the greedy policy on {ids}{', mean over them' if len(families) > 1 else ''}: "
        f"mean over seeds; small, its {CONFIDENCE:.0%} interval, cut off at 0 and 100%, and n."
    )
    return Table(
        "Default, Interpolation and Extrapolation",
        slug,
        caption,
        ("Agent", *map(str.capitalize, SUMMARIES)),
        tuple(rows),
        pd.concat([one.assign(summary=part) for part, one in found.items()]),
        notes(families) if beside else (),
        holds=holding(pd.concat(found.values())["n"], "mean"),
    )


def _share(found: pd.DataFrame, name: str) -> Cell:
    """A mean success above its interval."""
    mine = found[found["configuration"] == name]
    if mine.empty:
        return Cell("no run", number=True)
    row = mine.iloc[0]
    low, high = np.clip([row["low"], row["high"]], 0, 1)
    below = PERCENT.bounds(low, high) or row["note"]
    return Cell(PERCENT.score(row["mean"], low, high), f"{below}; {sample(row['n'])}", number=True)


def notes(families: Sequence[Family]) -> tuple[Note, ...]:
    """What the summaries are, and why the published ones are no target."""
    study = families[0].study
    return (
        Note(
            "The summaries",
            "Default is trained and tested on D, Interpolation on R. Extrapolation is the "
            "geometric mean of three: trained on D and tested on R, on D and E, on R and E. Here "
            "that is taken of each seed, and 0 if one of the three is; then the mean over seeds.",
        ),
        Note(
            "The published means",
            "Packer et al. (2018), https://arxiv.org/abs/1810.12282, feed-forward policies. They "
            "are context, not a target. Theirs are over six tasks, with Pendulum, HalfCheetah and "
            f"Hopper; ours over {listed([family.id for family in families])}. Theirs trained for "
            f"15,000 episodes and tested on 1,000; ours for {study.steps:,} environment steps, "
            f"tested on {study.evaluation.episodes:,}. Theirs chose hyperparameters by a search; "
            "ours are the study's. Ours judge the greedy policy; theirs, to our knowledge, the "
            "sampled one, on normalised observations. In MountainCar success on R and E "
            "takes no learning where the engine is strong, so that the means hold what is "
            "solvable as well as what was learned.",
        ),
    )


def physics(environment_id: str) -> tuple[Note, ...]:
    """What the constants of each variation are drawn from, if any vary."""
    level = np.zeros(1, np.int64)
    parts: list[str] = []
    for index, name in enumerate(conditions.constants(environment_id)):
        drawn = []
        for variation in conditions.variations(environment_id):
            if variation != conditions.GRID:
                spans = conditions.intervals(environment_id, variation, level)[0, index]
                drawn.append(f"{variation} {_spans(spans)}")
        parts.append(f"{constant(environment_id, name)} ({', '.join(drawn)})")
    if not parts:
        return ()
    return (
        Note(
            "Variations",
            f"Drawn anew for each episode, uniformly over all that is given: {listed(parts)}.",
        ),
    )


def constant(environment_id: str, name: str) -> str:
    """What a constant of the physics is."""
    return EXPLAINED.get((environment_id.rpartition("-v")[0], name), name)


def _spans(spans: np.ndarray) -> str:
    """Two intervals, of which the second may be empty."""
    wide = [f"{low:g} to {high:g}" for low, high in spans if low < high]
    return " or ".join(wide) or f"{spans[0, 0]:g}"


def success(environment_id: str) -> Note:
    """What counts as success."""
    limit = thresholds.success(environment_id)
    if limit is None:
        return Note("Success", "It is not known what success is here, so returns are shown.")
    text = f"A return of at least {number(limit)}."
    if environment_id.startswith("Acrobot"):
        text += " That is the paper's 80 steps; its authors' code allows 90."
    if environment_id.startswith("Maze"):
        text += (
            " The best return is 1 on every level, since each can be solved within the time limit "
            "(a test proves it by search), so regret is 1 minus the return: what success lacks."
        )
    return Note("Success", text)
