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
    """A figure for each environment and kind of agent; None if no run kept its losses.

    Of environments that differ in their conditions only, the first is drawn.
    """
    curves = over_seeds(results.losses, results.study.steps)
    if curves.empty:
        return None
    environments = results.study.environments
    first = {environment.id: environment.name for environment in reversed(environments)}
    pictures = []
    for place in reversed(first.values()):
        own = curves[curves["environment"] == place]
        pictures += [_picture(own, names, agents, place) for names, agents in _kinds(own, looks)]
    others = ", and those of the other environments" * (len(first) < len(environments))
    data = Data("losses", f"These curves{others}:", curves)
    parts: list[Part] = [Paragraph(_TEXT), *pictures, data]
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
