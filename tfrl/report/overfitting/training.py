"""The gap as it develops: does more training widen it?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT, IDLE
from tfrl.report.blocks import Answer, Data, Picture
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import Line, Panel
from tfrl.report.overfitting.findings import Family
from tfrl.report.style import INK, Looks
from tfrl.report.units import counted, estimates, tally, unit
from tfrl.report.wording import listed, plural

CHANGES = {
    "gap": "wider",
    "reverse": "narrower",
    "none": "no wider",
    "inconclusive": "inconclusive",
}
# Of variations, which are no agents: Tol's "muted", safe to tell apart, as are dashes and markers.
SHIFTED = (
    ("#882255", (0, (5, 1.5)), "s"),
    ("#117733", (0, (1.5, 1.2)), "^"),
    ("#6699CC", (0, (5, 1.5, 1.5, 1.5)), "D"),
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def answer(found: Sequence[Family], looks: Looks) -> Answer:
    """Whether gaps were wider at the end than half-way, of agents that had learned something."""
    claim = "Does more training widen the gap?"
    rows = pd.concat([_growth(family) for family in found], ignore_index=True)
    if rows.empty:
        text = "There is no evaluation in the first half of training to compare the last with."
        known = any(family.middle for family in found)
        return Answer(claim, "not known", ("Too little was learned to say." if known else text,))
    most = rows.loc[[rows["mean"].idxmax()]]
    family = next(f for f in found if most["environment"].item() in f.labels)
    name, numbers = _name(most.iloc[0], family, looks), unit(family.measure)
    grown = estimates(most, [name], numbers, "mean", signed=True)
    text = (
        f"From step {family.middle:,} to {family.study.steps:,}, of {plural(len(rows), 'gap')}: "
        f"{counted(rows['verdict'], CHANGES)}. The most: {grown}."
    )
    return Answer(claim, tally(rows["verdict"], CHANGES), (text,))


def _growth(family: Family) -> pd.DataFrame:
    """Of gaps that could show: those at the end of which something had been learned."""
    last = family.last(family.verdicts)
    keys = ["environment", "configuration", "tested"]
    able = last.loc[last["note"] != IDLE, keys].astype(str)
    return family.growth.astype(dict.fromkeys(keys, str)).merge(able, on=keys)


def _name(row: pd.Series, family: Family, looks: Looks) -> str:
    """Which gap it is."""
    tested = "unseen levels" if row["tested"] == HELD_OUT else row["tested"]
    trained = family.labels[row["environment"]]
    agent = looks[row["configuration"]].label
    return f"{agent} on {family.id}, trained on {trained} and tested on {tested},"


def data(family: Family, slug: str) -> Data:
    """The numbers behind the answer."""
    text = (
        "Each gap at the last evaluation minus the same at the middle one, of each seed: mean, "
        f"{CONFIDENCE:.0%} interval, n and verdict."
    )
    return Data(slug, text, family.growth)


def picture(family: Family, slug: str, looks: Looks) -> Picture:
    """The gaps by environment step: a line for each number of levels, or for each test."""
    rows = family.verdicts[family.verdicts["policy"] == family.policy]
    if family.several_levels:
        lines, panels = _by_count(family, rows[rows["tested"] == HELD_OUT], looks)
        columns = 2 if len(panels) < 5 else 3
        see = "Levels trained on minus unseen ones, a line for each number of levels trained on."
    else:
        lines, panels = _by_test(family, rows, looks)
        columns = min(4, len(looks))
        see = "Black: levels trained on minus unseen ones of the same variation. "
        see += (
            "It has to stay about 0, since training hardly meets a level twice."
            if not family.finite
            else "Above 0, levels are memorised."
        )
        see += " Coloured: unseen levels of that variation minus those of another one."
    numbers = unit(family.measure)
    label = "gap in success, points" if numbers.sign else "gap in return"
    margin = numbers.scale * family.measure.margin
    wide, narrow = (
        bands.over_training(panels, lines, family.study.steps, margin, label, columns, narrow)
        for narrow in (False, True)
    )
    zone = (
        f"; grey, a gap of less than {margin:g}, taken not to matter" if np.isfinite(margin) else ""
    )
    caption = (
        f"{see} {family.policy.capitalize()} policy; mean over seeds in its {CONFIDENCE:.0%} "
        f"interval{zone}."
    )
    shown = listed([f"{panel.title} {panel.remark}".strip() for panel in panels])
    alt = f"{label.capitalize()} by environment step, a panel each for {shown}. {see}"
    return Picture(f"{slug}-training", alt, caption, wide, narrow)


def _by_count(
    family: Family, rows: pd.DataFrame, looks: Looks
) -> tuple[dict[str, Line], list[Panel]]:
    """A panel for each agent, a line for each number of levels, darker for more."""
    shades = np.linspace(0.4, 1, len(family.environments))
    colours = [to_hex(colormaps["YlGnBu"](shade)) for shade in shades]
    style = zip(family.environments, colours, MARKERS * len(colours), strict=False)
    lines = {e.name: Line(family.labels[e.name], c, marker=m) for e, c, m in style}
    panels = []
    for name, look in looks.items():
        mine = rows[rows["configuration"] == name]
        parts = {str(key): part for key, part in mine.groupby("environment", observed=True)}
        panels.append(_panel(look.label, "", parts, family))
    return lines, panels


def _by_test(
    family: Family, rows: pd.DataFrame, looks: Looks
) -> tuple[dict[str, Line], list[Panel]]:
    """A panel for what is trained on and each agent, a line for what is tested on."""
    lines = {HELD_OUT: Line("unseen levels", INK)}
    shifted = [variation for variation in family.variations if (rows["tested"] == variation).any()]
    for variation, style in zip(shifted, SHIFTED * len(shifted), strict=False):
        lines[variation] = Line(f"tested on {variation}", *style)
    panels = []
    for environment in family.environments:
        for name, look in looks.items():
            mine = rows[(rows["environment"] == environment.name) & (rows["configuration"] == name)]
            parts = {key: mine[mine["tested"] == key] for key in lines}
            remark = f"trained on {family.labels[environment.name]}"
            panels.append(_panel(look.label, remark, parts, family))
    return lines, panels


def _panel(title: str, remark: str, parts: dict[str, pd.DataFrame], family: Family) -> Panel:
    """In the unit of the figure, without lines that have no points."""
    scale, columns = unit(family.measure).scale, ["gap", "low", "high"]
    scaled = {
        key: part.assign(**{column: scale * part[column] for column in columns})
        for key, part in parts.items()
        if len(part)
    }
    return Panel(title, remark, INK, scaled)
