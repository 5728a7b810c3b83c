"""What training reported of itself: losses and what came with them."""

import pandas as pd

from tfrl.analysis.losses import KEYS, over_seeds
from tfrl.harness.storage import Results
from tfrl.report.blocks import Data, Paragraph, Part, Picture, Section
from tfrl.report.drawings import losses as drawings
from tfrl.report.style import Look, Looks
from tfrl.report.wording import plural


def section(results: Results, looks: Looks) -> Section | None:
    """A figure for each environment and configuration; None if no run kept its losses."""
    curves = over_seeds(results.losses, results.study.steps)
    if curves.empty:
        return None
    several = len(results.study.environments) > 1
    pictures = [
        _picture(own, f"{place}: " if several else "", f"losses-{place}-{name}", looks[name])
        for (place, name), own in curves.groupby(KEYS[:2], observed=True)
    ]
    text = (
        "Each line is the median over the seeds. The band reaches from the lowest seed to the "
        "highest. A falling loss does not show that an agent learns: its data change with it."
    )
    said = "The curves of all figures above:"
    parts: list[Part] = [Paragraph(text), *pictures, Data("losses", said, curves)]
    return Section("losses", "Losses", tuple(parts))


def _picture(curves: pd.DataFrame, place: str, slug: str, look: Look) -> Picture:
    names = list(dict.fromkeys(curves["name"]))
    wide, narrow = (drawings.losses(curves, names, look, narrow) for narrow in (False, True))
    seeds = plural(int(curves["seeds"].max()), "seed")
    caption = f"{place}{look.label}, by environment steps ({seeds})."
    listed = ", ".join(name.replace("_", " ") for name in names)
    return Picture(slug, f"A panel for each of {listed}. {caption}", caption, wide, narrow)
