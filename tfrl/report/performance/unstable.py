"""Question 3: how unstable is it?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import forgetting, stability, thresholds
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.returns import GROUP, RUN, WINDOW
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

    level: float | None  # of return, below which what was learned counts as lost, if one is known
    forgotten: pd.DataFrame  # as `forgetting.shares`: by training
    lost: pd.DataFrame  # as `forgetting.of_policy`: by evaluation
    # A row a run, of all configurations: `over_time`, `across_rollouts` and `best_and_last`.
    per_run: pd.DataFrame
    across: pd.DataFrame  # as `stability.across_runs`


def find(ground: Ground) -> Unstable:
    """The statistics."""
    averages = ground.own(ground.averages)
    anchors = thresholds.anchors(ground.environment.id)
    threshold, low, level = np.inf, -np.inf, None
    if anchors and ground.threshold is not None:
        threshold = ground.threshold
        low = level = forgetting.level(threshold, anchors[0])
    rollouts = stability.across_rollouts(ground.evaluations, ground.steps).add_prefix("rollouts_")
    rollouts = rollouts.rename(columns={f"rollouts_{key}": key for key in RUN})
    chosen = stability.best_and_last(ground.evaluations)
    per_run = stability.over_time(ground.averages, ground.steps)
    for more in (rollouts, chosen):
        per_run = per_run.merge(more, "outer", RUN)
    history = forgetting.of_training(averages, threshold, low, ground.steps)
    return Unstable(
        level=level,
        forgotten=forgetting.shares(history),
        lost=forgetting.of_policy(ground.own(ground.evaluations), threshold, low),
        per_run=per_run,
        across=stability.across_runs(averages, ground.steps),
    )


def verdict(ground: Ground, found: Unstable) -> Answer:
    """In how many seeds what was learned was lost again, in training and as evaluated."""
    if found.level is None or found.forgotten.empty:
        return Answer(CLAIM, "", (_worst(ground, found),))
    sentences = (_fallen(ground, found), _lost(ground, found))
    return Answer(CLAIM, "", tuple(filter(None, sentences)))


def answer(ground: Ground, found: Unstable) -> Answer:
    """That, and the deepest fall."""
    sentences = (*verdict(ground, found).evidence, _worst(ground, found))
    return Answer("", "", tuple(dict.fromkeys(sentences)))


def _fallen(ground: Ground, found: Unstable) -> str:
    """How often the average of training fell after it had reached the threshold."""
    solved = found.forgotten[found.forgotten["solved"] > 0]
    never = found.forgotten[found.forgotten["solved"] == 0]
    none = [f"{ground.looks[row.configuration].label} ({sample(row.n)})" for row in
            never.itertuples()]  # fmt: skip
    if solved.empty:
        return f"No seed of {listed(none)} solved it in training, so that none could lose it again."
    parts = _shares(ground, solved)
    also = f"; no seed of {listed(none)} reached it" if none else ""
    return (
        f"Of the seeds whose training average reached {ground.goal}, these fell back below "
        f"{_level(found)}: {parts}{also}."
    )


def _lost(ground: Ground, found: Unstable) -> str:
    """In how many seeds the final policy had been good before; empty if none ever was."""
    solved = found.lost[found.lost["solved"] > 0]
    if solved.empty:
        return ""
    return (
        f"Of those whose greedy policy reached {ground.goal} in an evaluation, these ended "
        f"below {_level(found)}: {_shares(ground, solved)}."
    )


def _level(found: Unstable) -> str:
    return "" if found.level is None else number(found.level)


def _shares(ground: Ground, rows: pd.DataFrame) -> str:
    """As `DQN 9 of 12 (75%, 46% to 91%) and PPO 0 of 9 (0%, 0% to 30%)`."""
    found = []
    for _, row in rows.iterrows():
        label = ground.looks[row["configuration"]].label
        share = cells.percents(row["share"], row["low"], row["high"])
        found.append(f"{label} {row['fell']} of {row['solved']} ({share.text}, {share.detail})")
    return listed(found)


def _worst(ground: Ground, found: Unstable) -> str:
    """The deepest drawdown of all, and the typical one."""
    known = found.per_run[found.per_run["drawdown"].notna()]
    if known.empty:
        return "No run has a curve that could fall."
    worst = known.loc[known["drawdown"].idxmax()]
    return (
        f"The deepest fall of a training average, from its own best: "
        f"{cells.figure(worst['drawdown'])} ({ground.looks[worst['configuration']].label}, seed "
        f"{worst['seed']}; {sample(len(known))}, all runs)."
    )


def section(ground: Ground, found: Unstable) -> Section:
    """The answer, the strip, the tables, and how it was computed."""
    parts: list[Part] = [answer(ground, found), picture(ground)]
    if found.level is not None:
        parts += [Heading("Forgetting"), _forgetting(ground, found)]
    parts += [Heading("Within a run"), dispersion.within(ground, found.per_run)]
    parts += [Heading("Across runs"), dispersion.across(ground, found.across)]
    slug = f"{ground.name}-stability-runs"
    parts += [Data(slug, "Each run's values:", found.per_run), Method(_notes(found))]
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
    dotted = "" if ground.threshold is None else f" Dotted: {ground.goal}, solved."
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
    data = found.forgotten.merge(found.lost, "left", GROUP, suffixes=("", "_of_policy"))
    rows = []
    for _, row in data.iterrows():
        shares = row["share"], row["low"], row["high"]
        rows.append(
            (
                agent(ground.looks[row["configuration"]], ground.lacking(row["configuration"])),
                Cell(f"{row['solved']} of {row['n']}", number=True),
                Cell(f"{row['fell']} of {row['solved']}", number=True),
                cells.percents(*shares, row["note"]),
                cells.plain(row["falls"], row["note"], 1),
                cells.plain(row["steps_down"], row["note"], 0),
                Cell(f"{row['ended_down']}" if row["solved"] else row["note"], number=True),
                _policy(row),
            )
        )
    head = (
        "Agent", "Solved", "Fell again", "Share", "Falls of each", "Steps below", "Ended below",
        "Policy lost",
    )  # fmt: skip
    caption = (
        f"A solved run falls if its {WINDOW}-episode average, of training, sinks below "
        f"{_level(found)}. Falls and steps: means over the seeds that fell. Ended below: "
        "runs whose last average was. Policy lost: of the seeds that an evaluation of the greedy "
        "policy saw solved, those whose last one is below that. Small: "
        f"{CONFIDENCE:.0%} interval."
    )
    holds = holding_shares(found.forgotten["solved"])
    slug = f"{ground.name}-forgetting"
    return Table("Forgetting", slug, caption, head, tuple(rows), data, holds=holds)


def _policy(row: pd.Series) -> Cell:
    """In how many seeds what an evaluation had seen solved was lost in the end."""
    if not row["solved_of_policy"] > 0:
        return Cell("never solved", number=True)
    share = cells.percents(*(row[f"{part}_of_policy"] for part in ("share", "low", "high")))
    return Cell(f"{row['fell_of_policy']} of {row['solved_of_policy']}", share.detail, number=True)


def _notes(found: Unstable) -> tuple[Note, ...]:
    forgotten = (
        Note(
            "Forgetting",
            "A run is solved when its moving average has reached the threshold. It falls when the "
            f"average sinks below {forgetting.SHARE:.0%} of the way from a random policy's "
            "return to the threshold, and is up again at the threshold. That is of training, in "
            "which agents explore, so that an average may never show what a policy can: by "
            "evaluations of the greedy one, a seed is solved at the threshold too, and lost if its "
            "last is below the same level. Interval of the share: Wilson (1927). Our own measures.",
        ),
    )
    return (
        *(forgotten if found.level is not None else ()),
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
