"""Implementation details that papers seldom mention, and their effect on the return."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import ablations
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.pairwise import Pair, pairs


@dataclass(frozen=True)
class Detail:
    """The effect of one detail."""

    what: str  # "stock_agent = true"
    final: Pair  # on the final return; a is the configuration with the detail
    area: Pair | None  # on the return over training

    @property
    def sure(self) -> bool:
        """True if the detail changes one of both returns for sure."""
        return self.final.sure or bool(self.area and self.area.sure)


@dataclass(frozen=True)
class Facts:
    """All details of the study."""

    data: EnvironmentData
    details: tuple[Detail, ...]
    decisive: tuple[Detail, ...]  # those with a sure effect
    tables: dict[str, pd.DataFrame]


def find(data: EnvironmentData) -> Facts | None:
    """Returns the facts; None if no two configurations differ in one detail only."""
    variants = ablations.implementation_pairs(data.settings)
    if not variants:
        return None
    measures = {"final": data.final, "area": data.area}
    effects = {
        name: ablations.implementation_effects(scores, data.settings, data.margins, len(measures))
        for name, scores in measures.items()
    }
    final, area = (
        {(pair.a, pair.b): pair for pair in pairs(effects[name])} for name in ("final", "area")
    )
    details = tuple(
        Detail(variant.change, final[key], area.get(key))
        for variant in variants
        if (key := (variant.changed, variant.plain)) in final
    )
    if not details:
        return None
    return Facts(data, details, tuple(detail for detail in details if detail.sure), effects)
