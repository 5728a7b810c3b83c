"""Whether what a paper calls details decides: one algorithm, implemented in two ways.

After Engstrom et al. (2020), "Implementation Matters in Deep Policy Gradients",
https://arxiv.org/abs/2005.12729: pairs of configurations that are the same but for such a detail,
beside pairs of different algorithms.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import comparisons
from tfrl.analysis.settings import Settings, Values, differences, rest

DETAILS = ("stock_agent", "anneal_learning_rate")  # hyperparameters that no algorithm is named for


@dataclass(frozen=True)
class Pair:
    """Two configurations of one pipeline that differ in details of implementation only."""

    plain: str
    changed: str
    what: str  # of the second: "stock_agent = true"


def pairs(settings: Settings) -> tuple[Pair, ...]:
    """Each configuration with the first that is the same but for details.

    Args:
      settings: pipeline and hyperparameters of each configuration.
    """
    first: dict[str, str] = {}
    found = []
    for name, (pipeline, values) in settings.items():
        plain = first.setdefault(_rest(pipeline, values), name)
        if plain != name:
            what = differences(settings[plain][1], values)
            found.append(Pair(plain, name, what or "nothing"))
    return tuple(found)


def effects(
    scores: pd.DataFrame, settings: Settings, margins: Mapping[str, float], measures: int = 1
) -> pd.DataFrame:
    """What details change.

    Returns:
      The rows of `comparisons.compare` for the pairs of `pairs`, a is the changed one, with `what`.
      They are one family, with those by other `measures`.
    """
    details = {(pair.changed, pair.plain): pair.what for pair in pairs(settings)}
    table = comparisons.compare(scores, margins, list(details), measures)
    if table.empty:
        return table
    asked = list(zip(table["a"], table["b"], strict=True))
    return table.assign(what=[details[pair] for pair in asked])


def _rest(pipeline: str, values: Values) -> str:
    return rest(pipeline, values, DETAILS.__contains__)
