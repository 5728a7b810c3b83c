"""The gap as it develops: does more training widen it?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import to_hex
from scipy import stats

from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.blocks import Answer, Data, Picture
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import Line, Panel
from tfrl.report.labels import INK
from tfrl.report.overfitting.findings import Family
from tfrl.report.style import Looks
from tfrl.report.units import badge, counted, estimates, unit
from tfrl.report.wording import holding, listed, plural

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
    """Whether gaps grew, of those that there are at the end of training."""
    claim = "Does more training widen the gap?"
    if not any(family.since for family in found):
        text = "There is no evaluation in the first half of training to compare the last with."
        return Answer(claim, "not known", (text,))
    grown = [_growth(family) for family in found]
    whole = pd.concat(
        [
            rows[rows["since"] == min(f.since)]
            for f, rows in zip(found, grown, strict=True)
            if f.since
        ]
    )
    if whole.empty:
        return Answer(claim, "no gap detected", ("At the end of training none is detected.",))
    sentences: list[str] = []
    for family, rows in zip(found, grown, strict=True):
        sentences += _by_levels(family, rows, looks) if family.finite else _tallied(family, rows)
    return Answer(claim, badge(whole, CHANGES), tuple(sentences))


def _growth(family: Family) -> pd.DataFrame:
    """Of gaps that are detected at the end; where there is nothing to memorise, of none."""
    last = family.last(family.verdicts)
    finite = last["environment"].isin([environment.name for environment in family.finite])
    keys = ["environment", "configuration", "tested"]
    able = (last["verdict"] == "gap") & (finite | (last["tested"] != HELD_OUT))
    growth = family.growth.astype(dict.fromkeys(keys, str))
    return growth.merge(last.loc[able, keys].astype(str), on=keys)


def _by_levels(family: Family, rows: pd.DataFrame, looks: Looks) -> list[str]:
    """On the two smallest numbers of levels, since the first evaluation and since the middle."""
    numbers, sentences = unit(family.measure), []
    for environment in sorted(family.finite, key=lambda e: e.conditions.num_levels)[:2]:
        mine = rows[rows["environment"] == environment.name]
        if mine.empty:
            continue
        early, late = (mine[mine["since"] == end(family.since)] for end in (min, max))
        names = [looks[name].label for name in early["configuration"]]
        grown = estimates(early, names, numbers, "mean", signed=True)
        later = counted(late["verdict"], CHANGES)
        since = f" From step {max(family.since):,}, each taken alone: {later}."
        sentences.append(
            f"On {plural(environment.conditions.num_levels, 'level')}, the gap grew from step "
            f"{min(family.since):,} to {family.study.steps:,} by: {grown}."
            f"{since if len(family.since) > 1 else ''}"
        )
    return sentences


def _tallied(family: Family, rows: pd.DataFrame) -> list[str]:
    """How many losses grew, since the first evaluation and since the middle."""
    if rows.empty:
        return []
    parts = [
        f"from step {step:,}, {counted(rows.loc[rows['since'] == step, 'verdict'], CHANGES)}"
        for step in family.since
    ]
    total = int((rows["since"] == max(family.since)).sum())
    chance = int(stats.binom.ppf(0.95, total, (1 - CONFIDENCE) / 2))
    most = f"up to {chance}" if chance else "hardly any"
    return [
        f"{family.id}, {plural(total, 'gap')} on variations not trained on: {'; '.join(parts)} "
        f"(each taken alone; by chance {most} would be wider)."
    ]


def data(family: Family, slug: str) -> Data:
    """The numbers behind the answer."""
    text = (
        "Each gap at the last evaluation minus the same at an earlier one, of each seed that has "
        f"learned by the last: mean, {CONFIDENCE:.0%} interval, n and verdict. A gap widens too "
        "where what it is held against improves. Of gaps that are detected at the last one, taken "
        "alone, the answer counts how they changed since the first, corrected for how many they "
        "are (Holm)."
    )
    return Data(slug, text, family.growth.replace({"verdict": CHANGES}))


def picture(family: Family, slug: str, looks: Looks) -> Picture:
    """The gaps by environment step: a line for each number of levels, or for each test."""
    numbers = unit(family.measure)
    rows = family.verdicts[family.verdicts["policy"] == family.policy]
    if family.several_levels:
        lines, panels = _by_count(family, rows[rows["tested"] == HELD_OUT], looks)
        columns = 2 if len(panels) < 5 else 3
        see = (
            f"{numbers.noun.capitalize()} on levels trained on minus that on unseen ones, a line "
            "for each number of levels: where it lies above the dotted lines, they are memorised."
        )
    else:
        lines, panels = _by_test(family, rows, looks)
        columns = min(4, len(looks))
        see = "Unseen levels: those trained on minus unseen ones of the same variation. "
        see += (
            "It has to stay about 0, since training hardly meets a level twice."
            if not family.finite
            else "Above 0, levels are memorised."
        )
        see += " The others: what is lost on another variation by not having trained on it."
    label = "gap in success, points" if numbers.sign else "gap in return"
    margin = numbers.scale * family.measure.margin
    wide, narrow = (
        bands.over_training(panels, lines, family.study.steps, margin, label, columns, narrow)
        for narrow in (False, True)
    )
    zone = (
        f"; between the dotted lines, a gap of less than {margin:g}, taken not to matter"
        if np.isfinite(margin)
        else ""
    )
    caption = (
        f"{see} {family.policy.capitalize()} policy; mean over seeds in its {CONFIDENCE:.0%} "
        f"interval{zone}."
    )
    shown = listed([f"{panel.title} {panel.remark}".strip() for panel in panels])
    alt = f"{label.capitalize()} by environment step, a panel each for {shown}. {see}"
    holds = holding(rows["n"], family.kind)
    return Picture(f"{slug}-training", alt, caption, wide, narrow, holds)


def _by_count(
    family: Family, rows: pd.DataFrame, looks: Looks
) -> tuple[dict[str, Line], list[Panel]]:
    """A panel for each agent, a line for each number of levels, darker for more."""
    shades = np.linspace(0.4, 0.85, len(family.environments))  # to be seen on light and dark
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
    """In the unit of the figure, without lines that have no points; if none has, it says why."""
    scale, columns = unit(family.measure).scale, ["gap", "low", "high"]
    scaled = {
        key: part.assign(**{column: scale * part[column] for column in columns})
        for key, part in parts.items()
        if len(part)
    }
    drawn = any(part["gap"].notna().any() for part in scaled.values())
    nothing = "too little learned" if scaled else "no runs"
    return Panel(title, remark, INK, scaled, "" if drawn else nothing)
