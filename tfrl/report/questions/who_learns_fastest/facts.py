"""Which agent solves the task first, and how much it returns on the way."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrl.analysis import benchmarks, comparisons, efficiency
from tfrl.report.measured import Measured
from tfrl.report.pairs import Pair, Ranking, pairs, ranking, shown
from tfrl.report.style import Looks
from tfrl.report.task import Task

UNITS = tuple(efficiency.UNITS)


@dataclass(frozen=True)
class Agent:
    """One row of the table: medians over seeds until the task is first solved."""

    name: str
    solved: int  # seeds that solved it, and that kept it
    kept: int
    finished: int
    steps: Measured
    kept_steps: Measured
    updates: Measured
    seconds: Measured


@dataclass(frozen=True)
class Facts:
    """All about the way to the threshold."""

    threshold: float | None  # None if the environment has none
    ranking: Ranking  # by who is first, or by the return over training without a threshold
    first_pairs: tuple[Pair, ...]
    area_pairs: tuple[Pair, ...]
    agents: tuple[Agent, ...]
    steps: int
    every: int  # steps between evaluations, and early in training
    every_early: int | None
    episodes: int
    policy: str
    looks: Looks
    solved: pd.DataFrame  # as `efficiency.solved`
    progress: pd.DataFrame  # as `efficiency.progress`
    tables: dict[str, pd.DataFrame]

    @property
    def leads(self) -> bool:
        """Whether the answer is worth a place on the first screen."""
        return self.ranking.outcome != "too few"


def find(task: Task) -> Facts | None:
    """Times and returns of the configurations in the headline."""
    judged, runs = task.own(task.judged), task.own(task.runs)
    if not (runs["status"] == "finished").any():
        return None
    threshold = np.inf if task.threshold is None else task.threshold
    times = efficiency.times(judged, runs, threshold, task.steps, window=1)
    solved = efficiency.solved(times)
    medians = efficiency.medians(solved)
    area = task.own(task.area)
    compared_area = comparisons.compare(area, task.margins)
    compared_first = pd.DataFrame()
    if task.threshold is not None:
        scores = efficiency.first_solved(times, task.steps)
        # Where half of the seeds never solve it, a median difference is not a time, so nothing is
        # equivalent.
        usual = scores.groupby("configuration", observed=True)["score"].median() >= -task.steps
        margins = {task.name: benchmarks.MARGIN * task.steps} if usual.all() else {}
        compared_first = comparisons.compare(scores, margins)
    first, over = pairs(compared_first), pairs(compared_area)
    known = area["configuration"].astype(str).unique()
    decides = first if task.threshold is not None else over
    ranks = ranking(decides, [name for name in task.headline if name in known])
    return Facts(
        threshold=task.threshold,
        ranking=ranks,
        first_pairs=shown(first, ranks.best),
        area_pairs=shown(over, ranks.best),
        agents=tuple(_agent(name, medians) for name in task.headline if _has(name, medians)),
        steps=task.steps,
        every=task.study.evaluation.every,
        every_early=task.study.evaluation.every_early,
        episodes=task.study.evaluation.episodes,
        policy=task.policy,
        looks=task.headline,
        solved=solved,
        progress=efficiency.progress(judged, runs, task.steps),
        tables={"medians": medians, "solved": solved, "first-pairs": compared_first}
        | {"area": task.summary(task.area, "return over training"), "area-pairs": compared_area},
    )


def _has(name: str, medians: pd.DataFrame) -> bool:
    return bool((medians["configuration"] == name).any())


def _agent(name: str, medians: pd.DataFrame) -> Agent:
    own = medians[medians["configuration"] == name].set_index(["event", "unit"])
    first, good = own.loc[("first", "steps")], own.loc[("for good", "steps")]
    return Agent(
        name=name,
        solved=round(first["solved"] * first["n"]),
        kept=round(good["solved"] * good["n"]),
        finished=int(first["n"]),
        steps=_median(first),
        kept_steps=_median(good),
        **{unit: _of_unit(own, unit) for unit in ("updates", "seconds")},
    )


def _of_unit(own: pd.DataFrame, unit: str) -> Measured:
    known = ("first", unit) in own.index
    return _median(own.loc[("first", unit)]) if known else Measured(np.nan, note="not known")


def _median(row: pd.Series) -> Measured:
    return Measured(row["median"], row["low"], row["high"], row["note"])
