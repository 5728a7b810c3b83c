"""Final returns in one table: what an ordinary page would show for each environment."""

import numpy as np
import pandas as pd

from tfrl.analysis import thresholds
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.report.blocks import Cell, Table
from tfrl.report.overfitting.findings import Family
from tfrl.report.records import agent
from tfrl.report.style import Looks
from tfrl.report.wording import holding, interval, number, places, whole

COLUMNS = ("environment", "configuration", "planned", "finished", "failed", "missing",
           "n", "min", "max", "mean", "mean_low", "mean_high", "note")  # fmt: skip


def table(family: Family, slug: str, looks: Looks) -> Table:
    """A row for each agent and a column for each environment."""
    limits = thresholds.return_range(family.id) or (-np.inf, np.inf)
    index = family.final.set_index(["configuration", "environment"])
    rows = tuple(
        (agent(look), *(_mean(index.loc[(name, e.name)], limits) for e in family.environments))
        for name, look in looks.items()
    )
    caption = (
        f"Return of the {family.policy} policy on held-out levels of what was trained on, at the "
        f"end: mean over seeds; small, its {CONFIDENCE:.0%} interval (Student's t), cut "
        "off at what is possible."
    )
    head = ("Agent", *(family.labels[environment.name] for environment in family.environments))
    data, holds = family.final[[*COLUMNS]], holding(family.final["n"], "mean")
    return Table("Final returns", slug, caption, head, rows, data, holds=holds)


def _mean(row: pd.Series, limits: tuple[float, float]) -> Cell:
    """A mean return above its interval and how many runs did not finish."""
    if row["n"] == 0:
        return Cell("no run", number=True)
    low, high = np.clip([row["mean_low"], row["mean_high"]], *limits)
    digits = places(low, high) if low < high else whole(row["mean"])
    lacking = "" if row["n"] == row["planned"] else f"; {row['n']} of {row['planned']} runs"
    below = interval(low, high) or row["note"]
    return Cell(number(row["mean"], digits), f"{below}{lacking}", number=True)
