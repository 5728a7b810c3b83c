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
from tfrl.report.performance import cells
from tfrl.report.performance.ground import Ground
from tfrl.report.records import agent
from tfrl.report.wording import listed, number, sample

CLAIM = "How unstable is it?"
SMALLER_IS_WORSE = ("short_risk", "rollouts_cvar")
OVER_TIME = {  # columns of `stability.over_time`, and what they are called
    "dispersion": "Dispersion over time",
    "short_risk": "Short-term risk",
    "long_risk": "Long-term risk",
    "drawdown": "Maximum drawdown",
}


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
    parts += [Heading("Within a run"), _within(ground, found)]
    parts += [Heading("Across runs"), _across(ground, found)]
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
    slug = f"{ground.name}-forgetting"
    return Table("Forgetting", slug, caption, head, tuple(rows), found.forgotten)


def _within(ground: Ground, found: Unstable) -> Table:
    """Medians over the seeds of what is measured within a run."""
    columns = {
        **OVER_TIME,
        "rollouts_iqr": "Across episodes, IQR",
        "rollouts_cvar": "Across episodes, worst 5%",
        "difference": "Best − last",
    }
    summaries = {key: stability.summary(found.per_run, key) for key in columns}
    rows = []
    for name, look in ground.headline.items():
        line = [agent(look)]
        for key, summary in summaries.items():
            mine = summary[summary["configuration"] == name]
            worst = "min" if key in SMALLER_IS_WORSE else "max"
            line.append(_median(mine, worst, _planned(ground, name), _why(found, name, key)))
        rows.append(tuple(line))
    caption = (
        f"Medians over the seeds; below, {CONFIDENCE:.0%} intervals and the worst seed. Dispersion "
        "is a share of the curve's range, all else is in units of return. Agents that learn little "
        "have little to lose."
    )
    data = pd.concat([table.assign(measure=key) for key, table in summaries.items()])
    slug = f"{ground.name}-stability"
    head = ("Agent", *columns.values())
    return Table("Within a run", slug, caption, head, tuple(rows), data, style="full many")


def _planned(ground: Ground, name: str) -> int:
    return int((ground.runs["configuration"] == name).sum())


def _median(summary: pd.DataFrame, worst: str, planned: int, why: str) -> Cell:
    """A median over its interval, the worst seed, and how many seeds have a value if not all."""
    if summary.empty or not summary.iloc[0]["n"]:
        return Cell(why, number=True)
    row = summary.iloc[0]
    low, high = row["median_low"], row["median_high"]
    cell = cells.estimate(row["median"], low, high, row["note"] if not np.isfinite(low) else "")
    details = [cell.detail] if cell.detail else []
    if row["min"] < row["max"]:
        details.append(f"worst {cells.plain(row[worst]).text}")
    if row["n"] < planned:
        details.append(f"{row['n']} of {planned} seeds")
    return Cell(cell.text, "; ".join(details), number=True)


def _why(found: Unstable, name: str, key: str) -> str:
    """Why a configuration has no value."""
    mine = found.per_run[found.per_run["configuration"] == name]
    notes = mine["note"].dropna()
    told = notes[notes != ""]
    return str(told.iloc[0]) if key in OVER_TIME and len(told) else "no value"


def _across(ground: Ground, found: Unstable) -> Table:
    """Dispersion across runs as training goes on."""
    steps = sorted(found.across["step"].unique()) if len(found.across) else []
    rows = []
    for name, look in ground.headline.items():
        mine = found.across[found.across["configuration"] == name].set_index("step")
        line = [agent(look, ground.lacking(name))]
        for step in steps:
            line.append(_dispersion(mine.loc[step]) if step in mine.index else Cell("no value"))
        rows.append(tuple(line))
    head = ("Agent", *(f"{step:,.0f} steps" for step in steps))
    caption = (
        "Interquartile range over the seeds of their smoothed curves; below, the mean of the worst "
        "5% of seeds, which with up to 20 seeds is the worst one."
    )
    slug = f"{ground.name}-across"
    return Table("Across runs", slug, caption, head, tuple(rows), found.across)


def _dispersion(row: pd.Series) -> Cell:
    text = cells.plain(row["iqr"], row["note"] or "no value").text
    worst = cells.plain(row["cvar"], "").text
    return Cell(text, f"worst {worst}" if worst else "", number=True)


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
            "After Chan et al. (2020, arXiv:1912.05663), of each run's curve on a common grid. "
            "Dispersion over time: interquartile range of the differences in a sliding window, "
            "median over the windows, as a share of the curve's range. Short-term risk: mean of "
            "the worst 5% of differences.",
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
