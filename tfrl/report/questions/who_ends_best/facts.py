"""Final returns: each agent, each pair of agents, and the ranking."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import comparisons
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.estimates import IntervalEstimate, from_row
from tfrl.report.pairwise import Pair, Ranking, pairs, ranking, shown


@dataclass(frozen=True)
class Agent:
    """One row of the table."""

    name: str
    finished: int
    planned: int
    mean: IntervalEstimate
    median: IntervalEstimate
    lowest: float
    highest: float
    training: IntervalEstimate  # mean return of the last training episodes


@dataclass(frozen=True)
class Facts:
    """Final returns of the main configurations."""

    data: EnvironmentData
    ranking: Ranking
    pairs: tuple[Pair, ...]  # in the table and the figure
    num_pairs: int
    agents: tuple[Agent, ...]
    summary: pd.DataFrame  # output of `evidence.summarise`
    tables: dict[str, pd.DataFrame]


def find(data: EnvironmentData) -> Facts:
    """Returns the facts."""
    summary = data.summary(data.final, "final return")
    training = data.summary(data.training, "training return")
    compared = comparisons.compare(data.select(data.final), data.margins)
    all_pairs = pairs(compared)
    scored = summary.loc[summary["n"] > 0, "configuration"].astype(str)
    ranks = ranking(all_pairs, scored)
    return Facts(
        data=data,
        ranking=ranks,
        pairs=shown(all_pairs, ranks.best),
        num_pairs=len(all_pairs),
        agents=tuple(
            Agent(
                name=str(row["configuration"]),
                finished=row["finished"],
                planned=row["planned"],
                mean=from_row(row, "mean", ends="mean_"),
                median=from_row(row, "median", ends="median_"),
                lowest=row["min"],
                highest=row["max"],
                training=from_row(last, "mean", ends="mean_"),
            )
            for row, last in zip(
                summary.to_dict("records"), training.to_dict("records"), strict=True
            )
        ),
        summary=summary,
        tables={"": summary, "pairs": compared},
    )
