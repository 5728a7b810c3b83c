"""Question 1: who is better, and is it sure?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import comparisons
from tfrl.analysis.evidence import CONFIDENCE, MINIMUM, REPETITIONS
from tfrl.analysis.returns import WINDOW
from tfrl.report.blocks import Answer, Cell, Heading, Method, Note, Part, Picture, Section, Table
from tfrl.report.drawings import dots, forest
from tfrl.report.performance import cells, pairs
from tfrl.report.performance.ground import Ground
from tfrl.report.performance.leader import leader
from tfrl.report.records import agent
from tfrl.report.wording import holding, listed, number, plural, sample

CLAIM = "Who is better, and is it sure?"


@dataclass(frozen=True)
class Better:
    """What the scores say."""

    final: pd.DataFrame  # as `evidence.summarise`
    area: pd.DataFrame
    training: pd.DataFrame
    final_pairs: pd.DataFrame  # as `comparisons.compare`
    area_pairs: pd.DataFrame

    @property
    def best(self) -> str | None:
        """The configuration with the highest mean final return."""
        scored = self.final[self.final["n"] > 0]
        return None if scored.empty else str(scored.loc[scored["mean"].idxmax(), "configuration"])


def find(ground: Ground) -> Better:
    """The statistics."""
    return Better(
        final=ground.summary(ground.final, "final return"),
        area=ground.summary(ground.area, "area under the curve"),
        training=ground.summary(ground.training, "training return"),
        final_pairs=comparisons.compare(ground.own(ground.final)),
        area_pairs=comparisons.compare(ground.own(ground.area)),
    )


def verdict(ground: Ground, found: Better) -> Answer:
    """Who leads in the final return, and whether it is sure, in one sentence."""
    return Answer(CLAIM, *leader(ground, found.final, found.final_pairs, "final return"))


def answer(ground: Ground, found: Better) -> Answer:
    """That, and the same over all of training."""
    outcome, final = leader(ground, found.final, found.final_pairs, "final return")
    if not (found.area["n"] > 0).any():
        return Answer("", outcome, final)
    _, area = leader(ground, found.area, found.area_pairs, "return over all of training")
    return Answer("", outcome, (*final, *area))


def first(ground: Ground, found: Better) -> Picture:
    """Each seed's final return, for the first screen."""
    panel = [("final return", ground.own(ground.final), found.final)]
    wide, narrow = (dots.scores(panel, ground.headline, 1, width) for width in (4.9, 3.7))
    n = sample(*sorted({int(n) for n in found.final["n"]}))
    caption = (
        f"Every dot is one seed ({n}): the mean return of {ground.study.evaluation.episodes} "
        f"episodes after {ground.steps:,} steps of training. What differs within a row is chance "
        f"alone. {shaded(found.final)}"
    )
    spans = [
        f"{ground.looks[row.configuration].label} {number(row.min)} to {number(row.max)}"
        for row in found.final[found.final["n"] > 0].itertuples()
    ]
    seen = f" From lowest to highest: {listed(spans)}." if spans else ""
    alt = f"A row of dots for each agent, a dot for each seed's final return.{seen}"
    holds = holding(found.final["n"], "mean")
    return Picture(f"{ground.name}-final", alt, caption, wide, narrow, holds)


def shaded(summaries: pd.DataFrame) -> str:
    """What the band below the dots is: the tolerance interval of the fewest seeds."""
    least = summaries["tolerance_content"].min()
    if not np.isfinite(least):
        return ""
    return (
        f"Shaded: at least {cells.percent(least)} of all seeds there could be, said with "
        f"{CONFIDENCE:.0%} confidence."
    )


def section(ground: Ground, found: Better) -> Section:
    """The answer, the figures, the tables, and how it was computed."""
    parts: list[Part] = [answer(ground, found), _area(ground, found), _estimates(ground, found)]
    if len(found.final_pairs):
        parts += [Heading("Differences"), _differences(ground, found)]
        for name, rows, slug in (
            ("final return", found.final_pairs, "pairs"),
            ("return over all of training", found.area_pairs, "area-pairs"),
        ):
            caption = (
                f"Differences in {name}, first minus second; below, {CONFIDENCE:.0%} intervals."
            )
            slug = f"{ground.name}-{slug}"
            title = name.capitalize()
            if len(rows):
                parts.append(pairs.table(title, slug, caption, rows, ground.looks, found.best))
    parts.append(Method(_notes(ground, found)))
    return Section(f"{ground.name}-better", f"1. {CLAIM}", tuple(parts), "1. Who is better?")


def _area(ground: Ground, found: Better) -> Picture:
    """The score over all of training, every seed."""
    panel = [("mean return over all of training", ground.own(ground.area), found.area)]
    wide, narrow = (dots.scores(panel, ground.headline, 1, width) for width in (10.0, 3.7))
    caption = (
        "The final return of every seed is on the first screen; here is the mean of its greedy "
        "policy's returns over all of training (the area under the curve of evaluations), which "
        "counts how early the curve rises as well."
    )
    alt = "A row of dots for each agent: every seed's mean return over all of training."
    return Picture(f"{ground.name}-area", alt, caption, wide, narrow)


def _differences(ground: Ground, found: Better) -> Picture:
    """Differences and probabilities of improvement."""
    rows = pairs.shown(found.final_pairs, found.best)
    panels = [
        forest.Panel(
            "First beats second", "share of pairs of seeds",
            pairs.estimates(rows, ground.looks, "improvement"), 0.5, (0.0, 1.0),
        ),
        forest.Panel(
            "Difference of means", "final return, first − second",
            pairs.estimates(rows, ground.looks), 0,
        ),
    ]  # fmt: skip
    wide, narrow = (forest.forest(panels, narrow) for narrow in (False, True))
    unsure = int((found.final_pairs["verdict"] == "inconclusive").sum())
    caption = (
        f"Inconclusive in final return: {unsure} of {plural(len(found.final_pairs), 'pair')}. An "
        "interval that reaches over the line allows for either to be better."
    )
    alt = f"A row for each pair of agents: the difference, and who wins how often. {caption}"
    return Picture(f"{ground.name}-differences", alt, caption, wide, narrow)


def _estimates(ground: Ground, found: Better) -> Table:
    """A row per configuration."""
    head = (
        "Agent", "Finished", "Mean", "Median", "IQM", "Seeds seen", "Tolerance",
        "Return over training", f"Last {WINDOW} training episodes",
    )  # fmt: skip
    rows = []
    frames = (found.final, found.area, found.training)
    for (_, row), (_, area), (_, last) in zip(*(f.iterrows() for f in frames), strict=True):
        lost = [f"{row[s]} {s}" for s in ("failed", "missing") if row[s]]
        rows.append(
            (
                agent(ground.looks[row["configuration"]]),
                Cell(f"{row['finished']} of {row['planned']}", ", ".join(lost), number=True),
                *(cells.of(row, statistic) for statistic in ("mean", "median", "iqm")),
                _range(row),
                _tolerance(row),
                cells.of(area, "mean"),
                cells.of(last, "mean"),
            )
        )
    named = zip(frames, ("evaluation", "area", "training"), strict=True)
    return Table(
        "Scores of each agent",
        f"{ground.name}-final-performance",
        f"Final return over the seeds; small, {CONFIDENCE:.0%} intervals.",
        head,
        tuple(rows),
        pd.concat([frame.assign(score=name) for frame, name in named]),
        holds=holding(found.final["n"], "mean", "median", "IQM", "tolerance"),
    )


def _range(row: pd.Series) -> Cell:
    if not row["n"]:
        return Cell("no score", number=True)
    return Cell(cells.span(row["min"], row["max"]) if row["max"] > row["min"] else
                f"{cells.figure(row['min'])} each time", number=True)  # fmt: skip


def _tolerance(row: pd.Series) -> Cell:
    bounds = cells.span(row["tolerance_low"], row["tolerance_high"])
    if row["tolerance_low"] == row["tolerance_high"]:
        bounds = f"{cells.figure(row['tolerance_low'])} each time"
    if not bounds:
        return Cell(row["tolerance_note"] or "none", number=True)
    return Cell(bounds, f"for {cells.percent(row['tolerance_content'])} of seeds", number=True)


def _notes(ground: Ground, found: Better) -> tuple[Note, ...]:
    episodes = ground.study.evaluation.episodes
    return (
        Note(
            "Final return",
            f"Of a seed: the mean return of {episodes} episodes of the greedy policy, which always "
            "takes the action that the agent rates highest, at the last evaluation, scheduled at "
            f"{ground.steps:,} steps. Failed runs are counted and have no return.",
        ),
        Note(
            "Return over all of training",
            "The mean of a run's curve of evaluations, that of the same policy by step (the area "
            "under it), so that every step of training counts the same.",
        ),
        Note(
            "Median, IQM",
            "The interquartile mean (IQM) leaves out the lowest and the highest quarter of the "
            "seeds (Agarwal et al. 2021, arXiv:2108.13264). On one environment that takes away "
            "the seeds that collapsed, so read it beside them. Its interval: percentile bootstrap, "
            f"{REPETITIONS:,} resamples, expanded for few seeds (Hesterberg 2015). The median's: "
            "between two of the ordered seeds (Hettmansperger and Sheather 1986). Neither can be "
            f"had of fewer than {MINIMUM} seeds.",
        ),
        Note(
            "Mean",
            "Student's t interval. Near a cap on the return it may reach past the cap. Seeds that "
            "all did well do not tell how many others collapse: read it with the seeds.",
        ),
        Note(
            "Tolerance",
            f"With {CONFIDENCE:.0%} confidence at least the stated share of all possible seeds "
            "falls in there: what to expect of the next one (Patterson et al. 2023, "
            "arXiv:2304.01315; Wilks 1941). With few seeds that share is small.",
        ),
        *(pairs.notes() if len(found.final_pairs) else ()),
    )
