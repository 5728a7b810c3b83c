"""Question 3: how unstable is it?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import stability, thresholds
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import RUN, WINDOW
from tfrl.report.blocks import (
    Answer,
    Cell,
    Data,
    Heading,
    Method,
    Note,
    Part,
    Picture,
    Section,
    Table,
)
from tfrl.report.drawings import strip
from tfrl.report.performance import cells, dispersion
from tfrl.report.performance.ground import Ground
from tfrl.report.records import agent
from tfrl.report.wording import holding_shares, listed, number, sample

CLAIM = "How unstable is it?"


@dataclass(frozen=True)
class Unstable:
    """What happens within a run, across runs, and across episodes of the final policy."""

    history: pd.DataFrame  # as `stability.forgetting`; empty without a threshold
    forgotten: pd.DataFrame  # as `stability.forgotten`
    # A row a run, of all configurations: `over_time`, `across_rollouts` and `best_and_last`.
    per_run: pd.DataFrame
    across: pd.DataFrame  # as `stability.across_runs`


def find(ground: Ground) -> Unstable:
    """The statistics."""
    averages = ground.own(ground.averages)
    anchors = thresholds.anchors(ground.environment.id)
    history = stability.forgetting(
        averages,
        np.inf if ground.threshold is None else ground.threshold,
        anchors[0] if anchors else 0.0,
        ground.steps,
    )
    rollouts = stability.across_rollouts(ground.evaluations, ground.steps).add_prefix("rollouts_")
    rollouts = rollouts.rename(columns={f"rollouts_{key}": key for key in RUN})
    chosen = stability.best_and_last(ground.evaluations)
    per_run = stability.over_time(ground.averages, ground.steps)
    for more in (rollouts, chosen):
        per_run = per_run.merge(more, "outer", RUN)
    return Unstable(
        history=history,
        forgotten=stability.forgotten(history),
        per_run=per_run,
        across=stability.across_runs(averages, ground.steps),
    )


def verdict(ground: Ground, found: Unstable) -> Answer:
    """In how many seeds what was learned was lost again, in one sentence."""
    return Answer(CLAIM, "", (_lost(ground, found),))


def answer(ground: Ground, found: Unstable) -> Answer:
    """That, and the deepest fall."""
    sentences = (_lost(ground, found), _worst(ground, found))
    return Answer("", "", tuple(dict.fromkeys(sentences)))


def _lost(ground: Ground, found: Unstable) -> str:
    if ground.threshold is None or found.forgotten.empty:
        return _worst(ground, found)
    solved = found.forgotten[found.forgotten["solved"] > 0]
    never = found.forgotten[found.forgotten["solved"] == 0]
    none = [f"{ground.looks[row.configuration].label} ({sample(row.n)})" for row in
            never.itertuples()]  # fmt: skip
    if solved.empty:
        return f"No seed of {listed(none)} solved it in training, so that none could lose it again."
    parts = listed([_fell(ground, row) for _, row in solved.iterrows()])
    also = f"; no seed of {listed(none)} reached it" if none else ""
    return (
        f"Of the seeds whose training average reached {ground.threshold:g}, these fell back below "
        f"{_level(found)}: {parts}{also}."
    )


def _level(found: Unstable) -> str:
    return number(float(found.history["level"].iloc[0]))


def _fell(ground: Ground, row: pd.Series) -> str:
    """As `DQN 9 of 12 (75%, 46% to 91%)`."""
    label = ground.looks[row["configuration"]].label
    cell = cells.percents(row["share"], row["low"], row["high"], row["note"])
    bounds = f", {cell.detail}" if cell.detail else ""
    return f"{label} {row['fell']} of {row['solved']} ({cell.text}{bounds})"


def _worst(ground: Ground, found: Unstable) -> str:
    """The deepest drawdown of all, and the typical one."""
    known = found.per_run[found.per_run["drawdown"].notna()]
    if known.empty:
        return "No run has a curve that could fall."
    worst = known.loc[known["drawdown"].idxmax()]
    return (
        f"The deepest fall of a run from its own best: {cells.figure(worst['drawdown'])} "
        f"({ground.looks[worst['configuration']].label}, seed {worst['seed']}; "
        f"{sample(len(known))}, all runs)."
    )


def section(ground: Ground, found: Unstable) -> Section:
    """The answer, the strip, the tables, and how it was computed."""
    parts: list[Part] = [answer(ground, found), picture(ground)]
    if ground.threshold is not None:
        parts += [Heading("Forgetting"), _forgetting(ground, found)]
    parts += [Heading("Within a run"), dispersion.within(ground, found.per_run)]
    parts += [Heading("Across runs"), dispersion.across(ground, found.across)]
    slug = f"{ground.name}-stability-runs"
    parts += [Data(slug, "Each run's values:", found.per_run), Method(_notes(ground, found))]
    return Section(f"{ground.name}-unstable", f"3. {CLAIM}", tuple(parts), "3. Instability")


def picture(ground: Ground) -> Picture:
    """Every seed's own curve, of all configurations."""
    curves, low_high = ground.curves, ground.limits()
    remarks = {name: ground.finished(name) for name in ground.looks}
    wide, narrow = (
        strip.strip(
            curves.runs, curves.values, ground.runs, ground.looks, remarks, low_high,
            ground.threshold, narrow,
        )
        for narrow in (False, True)
    )  # fmt: skip
    dotted = "" if ground.threshold is None else f" Dotted: {ground.threshold:g}, solved."
    caption = (
        f"Every seed's own training: the mean return of its last {WINDOW} episodes, from "
        f"{number(low_high[0])} at the bottom of a cell to {number(low_high[1])} at its "
        f"top.{dotted} A dent is what was learned and lost again; a mean over seeds would hide it."
    )
    agents = listed([look.label for look in ground.looks.values()])
    alt = f"A row of small curves for each of {agents}, one for each seed. {caption}"
    return Picture(f"{ground.name}-strip", alt, caption, wide, narrow)


def _forgetting(ground: Ground, found: Unstable) -> Table:
    """A row per configuration: how often, for how long, in what share of seeds."""
    rows = []
    for _, row in found.forgotten.iterrows():
        shares = row["share"], row["low"], row["high"]
        rows.append(
            (
                agent(ground.looks[row["configuration"]], ground.lacking(row["configuration"])),
                Cell(f"{row['solved']} of {row['n']}", number=True),
                Cell(f"{row['fell']} of {row['solved']}", number=True),
                cells.percents(*shares, row["note"]),
                cells.plain(row["falls"], row["note"], 1),
                cells.plain(row["steps_down"], row["note"], 0),
                Cell(f"{row['ended_down']}", number=True),
            )
        )
    head = (
        "Agent", "Solved", "Fell again", "Share", "Falls of each", "Steps below", "Ended below",
    )  # fmt: skip
    caption = (
        f"A solved run falls if its {WINDOW}-episode average, of training, sinks below "
        f"{_level(found) if len(found.history) else 'the level'}; below that some ended. Falls and "
        f"steps: means over the seeds that fell. Small: {CONFIDENCE:.0%} interval."
    )
    holds = holding_shares(found.forgotten["solved"])
    slug = f"{ground.name}-forgetting"
    return Table("Forgetting", slug, caption, head, tuple(rows), found.forgotten, holds=holds)


def _notes(ground: Ground, found: Unstable) -> tuple[Note, ...]:
    forgotten = (
        Note(
            "Forgetting",
            "A run is solved when its moving average has reached the threshold. It falls when the "
            f"average sinks below {stability.FORGOTTEN:.0%} of the way from a random policy's "
            "return to the threshold, and is up again at the threshold. That is of training, in "
            "which agents explore. Interval of the share: Wilson (1927). Our own measure.",
        ),
    )
    return (
        *(forgotten if ground.threshold is not None else ()),
        Note(
            "Dispersion, risk",
            "After Chan et al. (2020, arXiv:1912.05663), of each run's curve on a common grid of "
            f"{stability.POINTS} steps. Dispersion over time: interquartile range of the "
            "differences in a sliding window, median over the windows, as a share of the curve's "
            "range. Short-term risk: mean of the worst 5% of differences.",
        ),
        Note(
            "Long-term risk, drawdown",
            "The drawdown is how far the curve is below its own best so far. Long-term risk: mean "
            "of its largest 5%; the published configuration takes the smallest, which is about 0 "
            "for nearly any curve. Maximum drawdown: its largest.",
        ),
        Note(
            "Across episodes",
            "Of one final policy, which learns no more: spread and worst of the episodes of the "
            "last evaluation.",
        ),
        Note(
            "Best − last",
            "What reporting the best evaluation would have hidden. The best checkpoint is chosen "
            "on one half of each evaluation's episodes, and both are judged on the other half, so "
            "that being chosen lends it no luck. Our own measure.",
        ),
    )
