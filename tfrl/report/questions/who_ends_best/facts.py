"""Which agent has the highest return at the end of training."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.analysis import comparisons
from tfrl.report.measured import Measured
from tfrl.report.pairs import Pair, Ranking, pairs, ranking, shown
from tfrl.report.style import Looks
from tfrl.report.task import Task


@dataclass(frozen=True)
class Agent:
    """One row of the table."""

    name: str
    finished: int
    planned: int
    mean: Measured
    median: Measured
    lowest: float
    highest: float
    training: Measured  # mean return of the last training episodes


@dataclass(frozen=True)
class Facts:
    """All about final returns."""

    ranking: Ranking
    pairs: tuple[Pair, ...]  # that are shown
    num_pairs: int
    agents: tuple[Agent, ...]
    steps: int
    episodes: int  # of an evaluation
    policy: str
    looks: Looks
    scores: pd.DataFrame  # [configuration, seed, score]
    summary: pd.DataFrame  # as `evidence.summarise`
    tables: dict[str, pd.DataFrame]


def find(task: Task) -> Facts | None:
    """Final returns of the configurations in the headline."""
    summary = task.summary(task.final, "final return")
    training = task.summary(task.training, "training return")
    compared = comparisons.compare(task.own(task.final), task.margins)
    found = pairs(compared)
    scored = summary.loc[summary["n"] > 0, "configuration"].astype(str)
    ranks = ranking(found, scored)
    return Facts(
        ranking=ranks,
        pairs=shown(found, ranks.best),
        num_pairs=len(found),
        agents=tuple(
            _agent(row, last)
            for row, last in zip(
                summary.to_dict("records"), training.to_dict("records"), strict=True
            )
        ),
        steps=task.steps,
        episodes=task.study.evaluation.episodes,
        policy=task.policy,
        looks=task.headline,
        scores=task.own(task.final),
        summary=summary,
        tables={"": summary, "pairs": compared},
    )


def _agent(row: dict[str, Any], training: dict[str, Any]) -> Agent:
    return Agent(
        name=str(row["configuration"]),
        finished=row["finished"],
        planned=row["planned"],
        mean=Measured(row["mean"], row["mean_low"], row["mean_high"], row["note"]),
        median=Measured(row["median"], row["median_low"], row["median_high"], row["note"]),
        lowest=row["min"],
        highest=row["max"],
        training=Measured(
            training["mean"], training["mean_low"], training["mean_high"], training["note"]
        ),
    )
