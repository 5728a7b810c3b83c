"""Which parts of APO help, and which do not."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis import apo, stability
from tfrl.analysis.returns import RUN
from tfrl.report.pairs import Pair, pairs
from tfrl.report.style import Looks
from tfrl.report.task import Task, ablated

MEASURES = ("final", "area", "drawdown")


@dataclass(frozen=True)
class Variant:
    """A configuration, compared with a plain one by each measure."""

    name: str
    changed: str  # what it sets otherwise
    by: dict[str, Pair]  # by measure; a is the variant


@dataclass(frozen=True)
class Against:
    """All configurations against one plain one."""

    name: str
    variants: tuple[Variant, ...]
    better: dict[str, tuple[str, ...]]  # by measure: higher for sure
    worse: dict[str, tuple[str, ...]]  # lower for sure
    seeds: int
    least: int  # seeds of each that a verdict takes

    @property
    def helps(self) -> tuple[str, ...]:
        """Those that return more for sure, at the end or over training."""
        return tuple(dict.fromkeys((*self.better["final"], *self.better["area"])))

    @property
    def hurts(self) -> tuple[str, ...]:
        """Those that return less for sure."""
        return tuple(dict.fromkeys((*self.worse["final"], *self.worse["area"])))


@dataclass(frozen=True)
class Facts:
    """APO's variants against plain APO and against PPO."""

    id: str
    against: tuple[Against, ...]
    plain: Against | None  # against plain APO; None if it has no finished run
    looks: Looks
    scores: pd.DataFrame  # return over training of every seed
    tables: dict[str, pd.DataFrame]


def find(task: Task) -> Facts | None:
    """If the study has ablations of APO."""
    references = apo.plain(task.settings)
    if references is None or not ablated(task.settings):
        return None
    falls = stability.over_time(task.averages, task.steps)
    falls = falls.rename(columns={"drawdown": "score"})[[*RUN, "score"]].dropna()
    scores = {"final": task.final, "area": task.area, "drawdown": falls}
    table = apo.ablations(scores, task.settings, task.margins)
    if table.empty:
        return None
    against = tuple(_against(str(name), own) for name, own in table.groupby("b", sort=False))
    plain = next((one for one in against if one.name == references[0]), None)
    return Facts(
        id=task.environment.id,
        against=against,
        plain=plain,
        looks=task.looks,
        scores=task.area,
        tables={f"against-{one.name}": table[table["b"] == one.name] for one in against},
    )


def _against(name: str, table: pd.DataFrame) -> Against:
    variants: dict[str, Variant] = {}
    for pair, row in zip(pairs(table), table.to_dict("records"), strict=True):
        variant = variants.setdefault(pair.a, Variant(pair.a, row["changed"], {}))
        variant.by[row["measure"]] = pair
    found = tuple(variants.values())

    def sure(key: str, outcome: str) -> tuple[str, ...]:
        return tuple(v.name for v in found if key in v.by and v.by[key].outcome == outcome)

    every = [pair for variant in found for pair in variant.by.values()]
    return Against(
        name=name,
        variants=found,
        better={key: sure(key, "a") for key in MEASURES},
        worse={key: sure(key, "b") for key in MEASURES},
        seeds=max((pair.seeds for pair in every), default=0),
        least=min((pair.least for pair in every), default=0),
    )
