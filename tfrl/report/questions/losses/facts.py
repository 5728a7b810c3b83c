"""What training reported of itself: losses and what came with them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from tfrl.analysis.losses import over_seeds
from tfrl.harness.store.stored_results import Results
from tfrl.report.style import Looks, looks


@dataclass(frozen=True)
class Kind:
    """Agents that report the same losses, on one environment."""

    environment: str
    first: str  # name of the first configuration
    names: tuple[str, ...]  # of the losses that are not always 0
    looks: Looks
    curves: pd.DataFrame


@dataclass(frozen=True)
class Facts:
    """All losses."""

    kinds: tuple[Kind, ...]
    tables: dict[str, pd.DataFrame]


def find(results: Results) -> Facts | None:
    """If a run kept its losses. Of environments that differ in conditions only, the first."""
    curves = over_seeds(results.losses, results.study.steps)
    if curves.empty:
        return None
    environments = results.study.environments
    first = {environment.id: environment.name for environment in reversed(environments)}
    look = looks(results.study)
    kinds = []
    for place in reversed(first.values()):
        own = curves[curves["environment"] == place]
        kinds += [
            Kind(place, next(iter(agents)), names, agents, rows)
            for names, agents, rows in _kinds(own, look)
        ]
    return Facts(tuple(kinds), {"": curves})


def _kinds(
    curves: pd.DataFrame, look: Looks
) -> Iterator[tuple[tuple[str, ...], Looks, pd.DataFrame]]:
    """The losses of each kind of agent, with the configurations that report the same ones."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for configuration, own in curves.groupby("configuration", observed=True):
        kinds.setdefault(tuple(dict.fromkeys(own["name"])), []).append(str(configuration))
    for names, configurations in kinds.items():
        own = curves[curves["configuration"].isin(configurations)]
        used = own.loc[(own["low"] != 0) | (own["high"] != 0), "name"].unique()
        shown = tuple(name for name in names if name in used)
        if shown:
            yield shown, {name: look[name] for name in configurations}, own
