"""Steps, updates and seconds until the environment is solved, and the return over training."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import benchmarks, comparisons, efficiency
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.pairwise import Pair, Ranking, pairs, ranking, shown

UNITS = tuple(efficiency.UNITS)


@dataclass(frozen=True)
class Agent:
    """One row of the table: medians over seeds until the environment is first solved."""

    name: str
    solved: int  # seeds that solved it
    kept: int  # seeds that stayed above the threshold
    finished: int
    steps: IntervalEstimate
    kept_steps: IntervalEstimate
    updates: IntervalEstimate
    seconds: IntervalEstimate


@dataclass(frozen=True)
class Facts:
    """Learning speed of the main configurations."""

    data: EnvironmentData
    ranking: Ranking  # by who is first, or by the return over training without a threshold
    first_pairs: tuple[Pair, ...]
    area_pairs: tuple[Pair, ...]
    agents: tuple[Agent, ...]
    solved: pd.DataFrame  # output of `efficiency.solved`
    progress: pd.DataFrame  # output of `efficiency.progress`
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """True if the answer belongs on the first screen."""
        return self.ranking.outcome != "too few"


def find(data: EnvironmentData) -> Facts | None:
    """Returns the facts; None if no run has finished."""
    judged, runs, steps = data.select(data.judged), data.select(data.runs), data.study.steps
    if not (runs["status"] == "finished").any():
        return None
    threshold = np.inf if data.threshold is None else data.threshold
    times = efficiency.times(judged, runs, threshold, steps, window=1)
    solved = efficiency.solved(times)
    medians = efficiency.medians(solved)
    area = data.select(data.area)
    compared_area = comparisons.compare(area, data.margins)
    compared_first = pd.DataFrame()
    if data.threshold is not None:
        scores = efficiency.first_solved(times, steps)
        # If half of the seeds never solve it, a median difference is not a time, so nothing is
        # equivalent.
        usual = scores.groupby("configuration", observed=True)["score"].median() >= -steps
        margins = {data.name: benchmarks.MARGIN * steps} if usual.all() else {}
        compared_first = comparisons.compare(scores, margins)
    first, over = pairs(compared_first), pairs(compared_area)
    scored = area["configuration"].astype(str).unique()
    decides = first if data.threshold is not None else over
    ranks = ranking(decides, [name for name in data.main if name in scored])
    return Facts(
        data=data,
        ranking=ranks,
        first_pairs=shown(first, ranks.best),
        area_pairs=shown(over, ranks.best),
        agents=tuple(
            _agent(name, rows.set_index(["event", "unit"]))
            for name in data.main
            if len(rows := medians[medians["configuration"] == name])
        ),
        solved=solved,
        progress=efficiency.progress(judged, runs, steps),
        tables={"medians": medians, "solved": solved, "first-pairs": compared_first}
        | {"area": data.summary(data.area, "return over training"), "area-pairs": compared_area},
    )


def _agent(name: str, medians: pd.DataFrame) -> Agent:
    """Returns the row of one agent, from its medians by event and unit."""
    first, kept = medians.loc[("first", "steps")], medians.loc[("for good", "steps")]
    unknown = IntervalEstimate(np.nan, note="not known")
    updates, seconds = (
        from_row(medians.loc[key], "median") if key in medians.index else unknown
        for key in (("first", "updates"), ("first", "seconds"))
    )
    return Agent(
        name=name,
        solved=round(first["solved"] * first["n"]),
        kept=round(kept["solved"] * kept["n"]),
        finished=int(first["n"]),
        steps=from_row(first, "median"),
        kept_steps=from_row(kept, "median"),
        updates=updates,
        seconds=seconds,
    )
