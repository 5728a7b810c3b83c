"""What details of implementation change, that papers seldom mention."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import implementation
from tfrl.report.pairs import Pair, pairs
from tfrl.report.style import Looks
from tfrl.report.task import Task


@dataclass(frozen=True)
class Detail:
    """One detail: what is set otherwise, and what that changes."""

    what: str  # "stock_agent = true"
    final: Pair | None  # a is the changed one
    area: Pair | None  # the same of the return over training

    @property
    def sure(self) -> tuple[str, ...]:
        """Of which of both measures it is sure that it changes."""
        both = {"final": self.final, "area": self.area}
        return tuple(name for name, pair in both.items() if pair and pair.sure)


@dataclass(frozen=True)
class Facts:
    """All details of the study."""

    details: tuple[Detail, ...]
    decisive: tuple[Detail, ...]  # those that change something for sure
    looks: Looks
    tables: dict[str, pd.DataFrame]


def find(task: Task) -> Facts | None:
    """Pairs of configurations that are the same but for a detail."""
    if not implementation.pairs(task.settings):
        return None
    measures = {"final": task.final, "area": task.area}
    effects = {
        name: implementation.effects(scores, task.settings, task.margins, len(measures))
        for name, scores in measures.items()
    }
    known = {name: dict(_by_pair(table)) for name, table in effects.items()}
    details = tuple(
        Detail(pair.what, known["final"].get(key), known["area"].get(key))
        for pair in implementation.pairs(task.settings)
        for key in [(pair.changed, pair.plain)]
        if known["final"].get(key)
    )
    if not details:
        return None
    decisive = tuple(detail for detail in details if detail.sure)
    return Facts(details, decisive, task.looks, effects)


def _by_pair(table: pd.DataFrame) -> list[tuple[tuple[str, str], Pair]]:
    return [((pair.a, pair.b), pair) for pair in pairs(table)]
