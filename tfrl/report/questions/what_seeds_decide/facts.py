"""Differences that chance alone makes: halves of one agent's seeds, and wrong winners."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import comparisons, reproducibility
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.pairwise import Pair, pairs, ranking, shown


@dataclass(frozen=True)
class WrongWinner:
    """The share of draws in which few seeds of two agents name another winner than all seeds."""

    a: str
    b: str
    shares: dict[int, float]  # by the number of seeds of each; NaN for more than half of them
    needed: float  # seeds of each for a verdict
    note: str  # why that is not known
    seeds: int

    @property
    def at_first(self) -> float:
        """The share of draws in which the fewest seeds mislead; -1 if not known."""
        share = next(iter(self.shares.values()), np.nan)
        return share if np.isfinite(share) and self.seeds > 1 else -1.0


@dataclass(frozen=True)
class Facts:
    """Final returns of the main configurations."""

    data: EnvironmentData
    outcome: str  # "few" (too few seeds), "same" (no halves differ), "differ"
    # Each agent against itself: a row of `reproducibility.aa_table`.
    agents: tuple[dict[str, Any], ...]
    luckiest: dict[str, Any] | None  # the agent whose halves are farthest apart
    widest: Pair | None  # the two agents whose means are farthest apart
    as_far: float  # how often halves of the luckiest are as far apart as halves of those two
    wrong: tuple[WrongWinner, ...]
    fooled: WrongWinner | None  # the pair that few seeds mislead about most
    splits: dict[str, reproducibility.AA]
    tables: dict[str, pd.DataFrame]


def find(data: EnvironmentData) -> Facts | None:
    """Returns the facts; None if no main configuration has a score."""
    scores = data.select(data.final)
    if scores.empty:
        return None
    values = {
        name: scores.loc[scores["configuration"] == name, "score"].to_numpy(float)
        for name in data.main
    }
    splits = {name: reproducibility.aa(agent, data.name, name) for name, agent in values.items()}
    table = reproducibility.aa_table(scores)
    agents = tuple(table.to_dict("records"))
    halved = [agent for agent in agents if np.isfinite(agent["largest"])]
    luckiest = max(halved, key=lambda agent: agent["largest"], default=None)
    all_pairs = pairs(comparisons.compare(scores, data.margins))
    widest = max(all_pairs, key=lambda pair: abs(pair.mean.value), default=None)
    as_far = np.nan
    if luckiest and widest:
        two = (values[widest.a], values[widest.b])
        as_far = reproducibility.as_far(splits[luckiest["configuration"]], *two, data.name)
    winners = _up_to_half(reproducibility.wrong_winners(scores))
    chosen = shown(all_pairs, ranking(all_pairs, values).best) if len(winners) else ()
    wrong = tuple(_wrong(pair, winners) for pair in chosen)
    return Facts(
        data=data,
        outcome="few" if luckiest is None else "differ" if luckiest["largest"] > 0 else "same",
        agents=agents,
        luckiest=luckiest,
        widest=widest,
        as_far=as_far,
        wrong=wrong,
        fooled=max(
            (
                winner
                for pair, winner in zip(chosen, wrong, strict=True)
                if winner.at_first >= 0 and pair.outcome != "equivalent"
            ),
            key=lambda winner: winner.at_first,
            default=None,
        ),
        splits=splits,
        tables={"halves": table, "wrong-winner": winners},
    )


def _up_to_half(wrong: pd.DataFrame) -> pd.DataFrame:
    """Removes draws of more than half of a pair's seeds, which resemble all seeds too much."""
    if wrong.empty:
        return wrong
    few = wrong["k"] <= wrong[["n_a", "n_b"]].min(axis=1) / 2
    known = wrong.assign(
        wrong=wrong["wrong"].where(few),
        note=wrong["note"].where(few, "more than half of the seeds"),
    )
    return known[known["k"].isin(known.loc[few, "k"])]


def _wrong(pair: Pair, winners: pd.DataFrame) -> WrongWinner:
    rows = winners[(winners["a"] == pair.a) & (winners["b"] == pair.b)]
    shares = dict(zip(rows["k"].astype(int), rows["wrong"], strict=True))
    note = "more than 1,000" if np.isinf(pair.needed) else "needs two seeds of each"
    return WrongWinner(pair.a, pair.b, shares, pair.needed, note, pair.seeds)
