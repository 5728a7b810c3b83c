"""Training losses: the median over seeds by step."""

from dataclasses import dataclass

import pandas as pd

from tfrl.analysis.losses import over_seeds
from tfrl.harness.store.stored_results import Results
from tfrl.report.style import Styles, styles


@dataclass(frozen=True)
class Kind:
    """Agents that report the same losses, in one environment."""

    environment: str
    first: str  # name of the first configuration
    names: tuple[str, ...]  # of the losses that are not always 0
    styles: Styles
    curves: pd.DataFrame


@dataclass(frozen=True)
class Facts:
    """The losses of all kinds of agents."""

    kinds: tuple[Kind, ...]
    tables: dict[str, pd.DataFrame]


def find(results: Results) -> Facts | None:
    """Returns the facts, of the first environment of each id; None if no run kept its losses."""
    curves = over_seeds(results.losses, results.study.steps)
    if curves.empty:
        return None
    environments = results.study.environments
    first = {environment.id: environment.name for environment in reversed(environments)}
    study_styles = styles(results.study)
    kinds = []
    for environment in reversed(first.values()):
        rows = curves[curves["environment"] == environment]
        agents: dict[tuple[str, ...], list[str]] = {}  # by the losses that they report
        for configuration, losses in rows.groupby("configuration", observed=True)["name"]:
            agents.setdefault(tuple(losses.unique()), []).append(str(configuration))
        for names, configurations in agents.items():
            part = rows[rows["configuration"].isin(configurations)]
            used = part.loc[(part["low"] != 0) | (part["high"] != 0), "name"].unique()
            shown = tuple(name for name in names if name in used)
            if shown:
                chosen = {name: study_styles[name] for name in configurations}
                kinds.append(Kind(environment, configurations[0], shown, chosen, part))
    return Facts(tuple(kinds), {"": curves})
