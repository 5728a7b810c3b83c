"""Ablations of APO: each configuration compared with plain APO and with PPO."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import ablations, stability
from tfrl.analysis.returns import RUN
from tfrl.report.environment_data import EnvironmentData, apo_ablations
from tfrl.report.pairwise import Pair, pairs

MEASURES = ("final", "area", "drawdown")


@dataclass(frozen=True)
class Variant:
    """A configuration, compared with a plain one by each measure."""

    name: str
    changed: str  # hyperparameters that differ
    by: dict[str, Pair]  # by measure; a is the variant


@dataclass(frozen=True)
class Against:
    """All configurations against one plain one."""

    name: str
    variants: tuple[Variant, ...]
    seeds: int
    least: int  # seeds of each that a verdict takes

    def sure(self, key: str, outcome: str) -> tuple[str, ...]:
        """Returns the variants with this outcome by a measure: "a" if higher, "b" if lower."""
        return tuple(v.name for v in self.variants if key in v.by and v.by[key].outcome == outcome)

    @property
    def helps(self) -> tuple[str, ...]:
        """Variants that return more for sure, at the end or over training."""
        return tuple(dict.fromkeys((*self.sure("final", "a"), *self.sure("area", "a"))))

    @property
    def hurts(self) -> tuple[str, ...]:
        """Variants that return less for sure."""
        return tuple(dict.fromkeys((*self.sure("final", "b"), *self.sure("area", "b"))))


@dataclass(frozen=True)
class Facts:
    """The ablations of one environment."""

    data: EnvironmentData
    against: tuple[Against, ...]
    plain: Against | None  # against plain APO; None if it has no finished run
    tables: dict[str, pd.DataFrame]


def find(data: EnvironmentData) -> Facts | None:
    """Returns the facts; None if the study has no ablations of APO."""
    references = ablations.plain_apo_and_ppo(data.settings)
    if references is None or not apo_ablations(data.settings):
        return None
    falls = stability.over_time(data.averages, data.study.steps)
    falls = falls.rename(columns={"drawdown": "score"})[[*RUN, "score"]].dropna()
    scores = {"final": data.final, "area": data.area, "drawdown": falls}
    table = ablations.apo_effects(scores, data.settings, data.margins)
    if table.empty:
        return None
    against = tuple(_against(str(name), rows) for name, rows in table.groupby("b", sort=False))
    return Facts(
        data=data,
        against=against,
        plain=next((one for one in against if one.name == references[0]), None),
        tables={f"against-{one.name}": table[table["b"] == one.name] for one in against},
    )


def _against(name: str, table: pd.DataFrame) -> Against:
    variants: dict[str, Variant] = {}
    for pair, row in zip(pairs(table), table.to_dict("records"), strict=True):
        variant = variants.setdefault(pair.a, Variant(pair.a, row["changed"], {}))
        variant.by[row["measure"]] = pair
    every = [pair for variant in variants.values() for pair in variant.by.values()]
    return Against(
        name=name,
        variants=tuple(variants.values()),
        seeds=max((pair.seeds for pair in every), default=0),
        least=min((pair.least for pair in every), default=0),
    )
