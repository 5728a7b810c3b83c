"""How much chance alone would have somebody publish."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import comparisons, reproducibility
from tfrl.report.pairs import Pair, pairs, ranking, shown
from tfrl.report.style import Looks
from tfrl.report.task import Task


@dataclass(frozen=True)
class Agent:
    """One agent against itself."""

    name: str
    seeds: int
    splits: int  # of its seeds into two halves
    typical: float  # difference of the halves' means
    largest: float
    rejected: float  # share of the splits that Welch's test calls different
    note: str


@dataclass(frozen=True)
class WrongWinner:
    """How often few seeds of two agents name another winner than all do."""

    a: str
    b: str
    shares: dict[int, float]  # by the number of seeds of each; NaN for more than half of them
    needed: float  # seeds of each for a verdict
    note: str  # why that is not known
    seeds: int


@dataclass(frozen=True)
class Facts:
    """All about chance."""

    outcome: str  # "few" (too few seeds), "same" (no halves differ), "differ"
    luckiest: Agent | None  # the agent whose halves are farthest apart
    widest: Pair | None  # the two agents whose means are farthest apart
    as_far: float  # how often halves of the luckiest are as far apart as halves of those two
    agents: tuple[Agent, ...]
    wrong: tuple[WrongWinner, ...]
    fooled: WrongWinner | None  # the pair that few seeds mislead about most
    looks: Looks
    splits: dict[str, reproducibility.AA]
    tables: dict[str, pd.DataFrame]


def find(task: Task) -> Facts | None:
    """Of final returns of the configurations in the headline."""
    scores = task.own(task.final)
    if scores.empty:
        return None
    values = {
        name: scores.loc[scores["configuration"] == name, "score"].to_numpy(float)
        for name in task.headline
    }
    splits = {name: reproducibility.aa(own, task.name, name) for name, own in values.items()}
    table = reproducibility.aa_table(scores)
    agents = tuple(_agent(row) for row in table.to_dict("records"))
    halved = [agent for agent in agents if np.isfinite(agent.largest)]
    luckiest = max(halved, key=lambda agent: agent.largest, default=None)
    found = pairs(comparisons.compare(scores, task.margins))
    widest = max(found, key=lambda pair: abs(pair.mean.value), default=None)
    as_far = np.nan
    if luckiest and widest:
        two = (values[widest.a], values[widest.b])
        as_far = reproducibility.as_far(splits[luckiest.name], *two, task.name)
    winners = _half(reproducibility.wrong_winners(scores))
    best = ranking(found, values).best
    wrong = tuple(_wrong(pair, winners) for pair in shown(found, best)) if len(winners) else ()
    return Facts(
        outcome="few" if luckiest is None else "differ" if luckiest.largest > 0 else "same",
        luckiest=luckiest,
        widest=widest,
        as_far=as_far,
        agents=agents,
        wrong=wrong,
        fooled=_fooled(wrong, found),
        looks=task.headline,
        splits=splits,
        tables={"halves": table, "wrong-winner": winners},
    )


def _agent(row: dict[str, Any]) -> Agent:
    return Agent(
        name=str(row["configuration"]),
        seeds=row["n"],
        splits=row["splits"],
        typical=row["typical"],
        largest=row["largest"],
        rejected=row["rejected"],
        note=row["note"],
    )


def _half(wrong: pd.DataFrame) -> pd.DataFrame:
    """Draws of no more than half of a pair's seeds: all of them could not give another order."""
    if wrong.empty:
        return wrong
    few = wrong["k"] <= wrong[["n_a", "n_b"]].min(axis=1) / 2
    known = wrong.assign(
        wrong=wrong["wrong"].where(few),
        note=wrong["note"].where(few, "more than half of the seeds"),
    )
    return known[known["k"].isin(known.loc[few, "k"])]


def _wrong(pair: Pair, winners: pd.DataFrame) -> WrongWinner:
    own = winners[(winners["a"] == pair.a) & (winners["b"] == pair.b)]
    shares = dict(zip(own["k"].astype(int), own["wrong"], strict=True))
    note = "more than 1,000" if np.isinf(pair.needed) else "needs two seeds of each"
    return WrongWinner(pair.a, pair.b, shares, pair.needed, note, pair.seeds)


def _fooled(wrong: tuple[WrongWinner, ...], found: tuple[Pair, ...]) -> WrongWinner | None:
    """The pair that few seeds mislead about most, of those that are not equivalent."""
    alike = {(pair.a, pair.b) for pair in found if pair.outcome == "equivalent"}
    able = (one for one in wrong if _at_first(one) >= 0 and (one.a, one.b) not in alike)
    return max(able, key=_at_first, default=None)


def _at_first(one: WrongWinner) -> float:
    """How often the fewest seeds mislead; -1 if that is not known."""
    share = next(iter(one.shares.values()), np.nan)
    return share if np.isfinite(share) and one.seeds > 1 else -1.0
