"""Question 2: how many samples does it need?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import efficiency
from tfrl.analysis.evidence import CONFIDENCE, Estimate, seeds_until_apart
from tfrl.report.blocks import Answer, Cell, Data, Method, Note, Part, Picture, Section, Table
from tfrl.report.drawings import efficiency as drawings
from tfrl.report.performance import pairs
from tfrl.report.performance.ground import Ground
from tfrl.report.records import agent
from tfrl.report.wording import holding, holding_shares, listed

CLAIM = "How many samples does it need?"
UNITS = {
    "steps": "environment steps",
    "updates": "gradient updates",
    "seconds": "seconds of training",
}
QUARTILES = (0.25, 0.5, 0.75)


@dataclass(frozen=True)
class Samples:
    """What the learning curves say; the first three are empty without a threshold."""

    times: pd.DataFrame  # as `efficiency.times`
    solved: pd.DataFrame  # as `efficiency.solved`
    medians: pd.DataFrame  # as `efficiency.medians`
    progress: pd.DataFrame  # as `efficiency.progress`


def find(ground: Ground) -> Samples:
    """The statistics."""
    judged, runs = ground.own(ground.judged), ground.own(ground.runs)
    threshold = np.inf if ground.threshold is None else ground.threshold
    times = efficiency.times(judged, runs, threshold, ground.steps, window=1)
    solved = efficiency.solved(times)
    return Samples(
        times=times,
        solved=solved,
        medians=efficiency.medians(solved),
        progress=efficiency.progress(judged, runs, ground.steps),
    )


def answer(ground: Ground, found: Samples) -> Answer:
    """The median number of steps until solved, and the share of seeds that made it."""
    if ground.threshold is None:
        text = (
            "No return is agreed on at which this environment counts as solved, so the steps until "
            "then are not defined; the curves below show the return at every step."
        )
        return Answer("", "", (text,))
    rows = _of(found.medians, "first", "steps")
    if not rows["n"].sum():
        return Answer("", "", ("No run has finished.",))
    reached, never = rows[rows["solved"] > 0], rows[(rows["solved"] == 0) & (rows["n"] > 0)]
    said = []
    if len(reached):
        steps = listed([_median(ground, row) for _, row in reached.iterrows()])
        said.append(
            f"Median steps until the greedy policy first reaches {ground.goal} at an evaluation: "
            f"{steps}{_lacking(ground, rows)}."
        )
    if len(never):
        names = listed([f"{ground.looks[row.configuration].label} (0 of {row.n} seeds)" for row in
                        never.itertuples()])  # fmt: skip
        what = "that is" if len(reached) else f"{ground.goal} at an evaluation is"
        said.append(f"Within {ground.steps:,} steps {what} never reached by {names}.")
    return Answer("", _first(ground, rows), tuple(said))


def _first(ground: Ground, rows: pd.DataFrame) -> str:
    """Which configurations may need fewest: those whose intervals reach the least median's."""
    could = _fewest(rows)
    if len(rows[rows["n"] > 0]) < 2 or could.empty:
        return ""
    if not np.isfinite(could["high"].iloc[0]) or len(could) > 2:
        return "inconclusive"
    return " or ".join(ground.looks[name].label for name in could["configuration"])


def _fewest(rows: pd.DataFrame) -> pd.DataFrame:
    """The row of the least median, if there is any, and those whose intervals overlap with it."""
    ordered = rows[rows["low"].notna() | rows["median"].notna()].sort_values("median")
    least = ordered[:1].dropna(subset="median")
    return ordered[~(ordered["low"] > least["high"].squeeze())] if len(least) else least


def _lacking(ground: Ground, rows: pd.DataFrame) -> str:
    """How many more seeds would part the least median from one that its interval overlaps with."""
    could = _fewest(rows)
    if len(could) < 2:
        return ""
    least, *others = could.itertuples()
    known = []
    for other in others:
        has = min(least.n, other.n)
        needed = seeds_until_apart(_estimate(other), _estimate(least), has)
        if not np.isnan(needed):
            known.append((needed, has, other.configuration))
    if not known:
        return "; the seeds needed to part them are not known, as intervals end beyond the budget"
    needed, has, rival = min(known)
    both = listed([ground.looks[name].label for name in (least.configuration, rival)])
    return f"; {pairs.parting(needed, has, f' of {both}')}"


def _estimate(row: Any) -> Estimate:
    return Estimate(row.median, row.low, row.high)


def _median(ground: Ground, row: pd.Series) -> str:
    """As `PPO 25,000 (23,000 to 28,000; 20 of 20 seeds)`."""
    label = ground.looks[row["configuration"]].label
    which = "finished seeds" if ground.lacking(row["configuration"]) else "seeds"
    seeds = f"{_seeds(row)} of {row['n']} {which}"
    if not np.isfinite(row["median"]):
        return f"{label} {row['note']} ({seeds})"
    return f"{label} {_rough(row['median'])} ({_bounds(row)}; {seeds})"


def _seeds(row: pd.Series) -> int:
    """How many seeds have solved it."""
    return round(row["solved"] * row["n"])


def _rough(value: float) -> str:
    """Three significant digits: 25,100."""
    if value == 0:
        return "0"
    digits = 2 - int(np.floor(np.log10(abs(value))))
    return f"{round(value, digits):,.{max(0, digits)}f}"


def _bounds(row: pd.Series) -> str:
    low, high = row["low"], row["high"]
    if np.isfinite(high):
        return f"{_rough(low)} to {_rough(high)}".replace(" ", "\N{NO-BREAK SPACE}")
    return f"from {_rough(low)} on" if np.isfinite(low) else row["note"] or "no interval"


def section(ground: Ground, found: Samples) -> Section:
    """The answer, the figure, the table, and how it was computed."""
    parts: list[Part] = [answer(ground, found), _picture(ground, found)]
    if ground.threshold is not None:
        parts.append(_table(ground, found))
        parts.append(Data(f"{ground.name}-solved", "The share solved by each step:", found.solved))
    parts.append(Method(_notes(ground)))
    return Section(f"{ground.name}-samples", f"2. {CLAIM}", tuple(parts), "2. Samples")


def _picture(ground: Ground, found: Samples) -> Picture:
    """The share of seeds solved, and the return against steps, updates and seconds."""
    courses = []
    if ground.threshold is not None:
        rows = _of(found.solved, "first", "steps").rename(columns={"time": "x", "share": "y"})
        lines = dict(_lines(ground, rows))
        courses.append(
            drawings.Course(
                f"Seeds that have reached {ground.goal}", UNITS["steps"], lines,
                stairs=True, share=True,
            )
        )  # fmt: skip
    for unit, label in UNITS.items():
        points = _middle(found.progress, unit, unit != "steps")
        title = f"Return by {label}"
        courses.append(
            drawings.Course(
                title, label, dict(_lines(ground, points)), logarithmic=unit != "steps",
                level=ground.threshold,
            )
        )  # fmt: skip
    wide, narrow = (
        drawings.courses(courses, ground.headline, "greedy policy", narrow)
        for narrow in (False, True)
    )
    caption = (
        "Return of the greedy policy at its evaluations: median over the seeds, and from their "
        "lower to their upper quartile. Updates and seconds are on a logarithmic axis."
    )
    if ground.threshold is not None:
        caption = f"Share of seeds: with its {CONFIDENCE:.0%} band. {caption}"
    agents = listed([look.label for look in ground.headline.values()])
    alt = f"A line for each of {agents}: {caption} {' '.join(answer(ground, found).evidence)}"
    holds = holding_shares(found.medians["n"])
    return Picture(f"{ground.name}-samples", alt, caption, wide, narrow, holds)


def _lines(ground: Ground, points: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for name in ground.headline:
        mine = points[points["configuration"] == name]
        if len(mine):
            yield name, mine[["x", "y", "low", "high"]]


def _middle(progress: pd.DataFrame, unit: str, logarithmic: bool) -> pd.DataFrame:
    """[configuration, x, y, low, high]: quartiles over the seeds at each point of the grid."""
    groups = progress.groupby(["configuration", "step"], observed=True)
    table = groups["average"].quantile(list(QUARTILES)).unstack().reindex(columns=list(QUARTILES))
    table.columns = ["low", "y", "high"]
    table["x"] = table.index.get_level_values("step") if unit == "steps" else groups[unit].median()
    table = table.dropna().reset_index()
    return table[table["x"] > 0] if logarithmic else table


def _of(rows: pd.DataFrame, event: str, unit: str) -> pd.DataFrame:
    return rows[(rows["event"] == event) & (rows["unit"] == unit)]


def _table(ground: Ground, found: Samples) -> Table:
    """A row per configuration."""
    head = (
        "Agent", "Solved", "Steps, first reached", "Steps, for good", "Updates", "Seconds",
    )  # fmt: skip
    columns = (
        ("first", "steps"),
        ("for good", "steps"),
        ("first", "updates"),
        ("first", "seconds"),
    )
    rows = []
    for name in ground.headline:
        mine = [_of(found.medians, *key) for key in columns]
        mine = [one[one["configuration"] == name] for one in mine]
        if any(one.empty for one in mine):
            continue
        first, good = mine[0].iloc[0], mine[1].iloc[0]
        kept = f"{_seeds(good)} for good"
        solved = Cell(f"{_seeds(first)} of {first['n']}", kept, number=True)
        cells_ = (_cell(one.iloc[0]) for one in mine)
        rows.append((agent(ground.looks[name], ground.lacking(name)), solved, *cells_))
    caption = (
        f"Medians over all seeds, those that never get there counted as later; below, "
        f"{CONFIDENCE:.0%} intervals."
    )
    holds = holding(found.medians["n"], "median steps")
    slug = f"{ground.name}-thresholds"
    return Table("Steps until solved", slug, caption, head, tuple(rows), found.medians, holds=holds)


def _cell(row: pd.Series) -> Cell:
    if not np.isfinite(row["median"]):
        return Cell(row["note"] or "not reached", number=True)
    return Cell(_rough(row["median"]), _bounds(row), number=True)


def _early(ground: Ground) -> str:
    """How much closer evaluations are at first, if they are."""
    every = ground.study.evaluation.every_early
    return f", and every {every:,} over the first fifth of training" if every else ""


def _notes(ground: Ground) -> tuple[Note, ...]:
    evenly = Note(
        "Updates, seconds",
        "Within a run both are taken to grow evenly with the steps. Seconds are of training "
        "alone, on one core of the machine named below, without compiling and evaluating.",
    )
    if ground.threshold is None:
        return (evenly,)
    return (
        Note(
            "Solved",
            f"The mean return of the greedy policy at an evaluation, "
            f"{ground.study.evaluation.episodes} episodes, reaches {ground.goal}, Gymnasium's "
            "threshold: first, and for good, after which no evaluation is below again. Times are "
            f"as exact as evaluations are close: every {ground.study.evaluation.every:,} steps"
            f"{_early(ground)}.",
        ),
        Note(
            "Share of seeds",
            "Of all seeds, Kaplan and Meier's estimate (1958), with Wilson's band (1927). A run "
            "that has not got there by the end of its budget is censored: it counts as one that "
            "would take longer, and is never left out. A mean over those that made it would "
            "flatter an agent that seldom does.",
        ),
        Note(
            "Medians",
            "When half of the seeds have solved it; the interval is where the band passes one half "
            "(Brookmeyer and Crowley 1982).",
        ),
        evenly,
        Note(
            "Outcome",
            "Named are the agents that may need fewest steps: the least median's, and those whose "
            f"intervals overlap with its own. {pairs.PARTING}",
        ),
    )
