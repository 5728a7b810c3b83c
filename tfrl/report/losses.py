"""What training reported of itself: losses and what came with them."""

from collections.abc import Iterator

import pandas as pd

from tfrl.analysis.losses import over_seeds
from tfrl.harness.storage import Results
from tfrl.report.blocks import Data, Paragraph, Part, Picture, Section
from tfrl.report.drawings import losses as drawings
from tfrl.report.style import Looks
from tfrl.report.wording import listed

_TEXT = (
    "Lines are medians over the seeds. Where lines are few, a band reaches from the lowest seed to "
    "the highest. A falling loss does not show that an agent learns: its data change with it."
)


def section(results: Results, looks: Looks) -> Section | None:
    """A figure for each environment and kind of agent; None if no run kept its losses."""
    curves = over_seeds(results.losses, results.study.steps)
    if curves.empty:
        return None
    pictures = [
        _picture(curves[curves["environment"] == environment.name], names, agents, environment.name)
        for environment in results.study.environments
        for names, agents in _kinds(curves[curves["environment"] == environment.name], looks)
    ]
    parts: list[Part] = [Paragraph(_TEXT), *pictures, Data("losses", "All curves:", curves)]
    return Section("losses", "Losses", tuple(parts))


def _kinds(curves: pd.DataFrame, looks: Looks) -> Iterator[tuple[list[str], Looks]]:
    """The losses of each kind of agent, with the configurations that report the same ones."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for configuration, own in curves.groupby("configuration", observed=True):
        kinds.setdefault(tuple(dict.fromkeys(own["name"])), []).append(str(configuration))
    for names, configurations in kinds.items():
        mine = curves[curves["configuration"].isin(configurations)]
        used = mine.loc[(mine["low"] != 0) | (mine["high"] != 0), "name"].unique()
        shown = [name for name in names if name in used]
        if shown:
            yield shown, {name: looks[name] for name in configurations}


def _picture(curves: pd.DataFrame, names: list[str], looks: Looks, environment: str) -> Picture:
    mine = curves[curves["configuration"].isin(list(looks))]
    wide, narrow = (drawings.losses(mine, names, looks, narrow) for narrow in (False, True))
    caption = f"{environment}: {listed([look.label for look in looks.values()])}, by steps."
    alt = f"A panel for each of {', '.join(name.replace('_', ' ') for name in names)}. {caption}"
    return Picture(f"losses-{environment}-{next(iter(looks))}", alt, caption, wide, narrow)
