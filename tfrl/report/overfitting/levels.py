"""Scores by the number of levels trained on."""

import numpy as np
import pandas as pd

from tfrl import conditions
from tfrl.analysis import overfitting
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.analysis.overfitting import HELD_OUT
from tfrl.report.blocks import Picture
from tfrl.report.drawings import bands
from tfrl.report.drawings.bands import Line, Panel
from tfrl.report.labels import INK
from tfrl.report.overfitting.findings import Family
from tfrl.report.overfitting.training import SHIFTED
from tfrl.report.style import Looks
from tfrl.report.units import unit
from tfrl.report.wording import holding, listed, plural

TRAINING = "training"


def picture(family: Family, slug: str, looks: Looks, width: float) -> Picture:
    """Training and unseen levels by how many were trained on; `width` in inches if it is wide."""
    numbers, found = unit(family.measure), scores(family)
    tested = [variation for variation in family.variations if (found["tested"] == variation).any()]
    lines = {
        TRAINING: Line("levels trained on", INK, (0, (4, 1.5)), "s"),
        HELD_OUT: Line("unseen levels"),
    }
    for variation, (_, dash, marker) in zip(tested, SHIFTED[1:] * len(tested), strict=False):
        lines[variation] = Line(f"unseen, {variation}", "#8a8a8a", dash, marker)
    panels = []
    for name, look in looks.items():
        mine = found[found["configuration"] == name]
        parts = {key: mine[mine["tested"] == key] for key in lines}
        shown = {key: part for key, part in parts.items() if len(part)}
        panels.append(Panel(look.label, "", look.colour, shown))
    label = "success, %" if numbers.sign else "return"
    limits = (0.0, 100.0) if numbers.sign else None
    counts = np.array(sorted(set(_counts(family).values())))
    wide, narrow = (
        bands.by_levels(panels, lines, counts, label, limits, narrow, 3.7 if narrow else width)
        for narrow in (False, True)
    )
    caption = (
        "Where the dashed line lies above the coloured one, levels were memorised: the agent does "
        f"better on those it was trained on than on others. {family.policy.capitalize()} policy at "
        f"the end of training. Faint: one seed, {family.study.evaluation.episodes:,} episodes. "
        f"Lines: mean over seeds with its {CONFIDENCE:.0%} interval, where there is one; moved "
        "apart a little so that all are seen."
    )
    alt = (
        f"{label.capitalize()} by number of levels trained on, a panel each for "
        f"{listed([panel.title for panel in panels])}, a line each for "
        f"{listed([line.label for line in lines.values()])}. {_first(found, looks, lines)}"
    )
    holds = holding(family.final["n"], "mean")
    return Picture(f"{slug}-levels", alt, caption, wide, narrow, holds)


def scores(family: Family) -> pd.DataFrame:
    """Of the policy that is judged at the end, in the unit of the figure.

    Returns:
      [configuration, tested, levels, seed, score, mean, low, high], a row a run: `tested` is
      "training", "held-out" or a variation, `levels` infinite for unbounded.
    """
    end = family.last(family.scores)
    end = end[end["variation"] != conditions.GRID]
    end = end.assign(
        tested=end["split"].where(end["split"] != "shifted", end["variation"]),
        levels=end["environment"].astype(str).map(_counts(family)).astype(float),
        score=unit(family.measure).scale * end[family.measure.column],
    )
    by = ["configuration", "tested", "levels"]
    means = overfitting.over_seeds(end, by, "score").drop(columns=["n", "p", "note"])
    ends = [unit(family.measure).scale * end for end in (family.measure.low, family.measure.high)]
    if np.isfinite(ends).all():
        means[["low", "high"]] = means[["low", "high"]].clip(*ends)
    return end[[*by, "seed", "score"]].merge(means, on=by)


def _counts(family: Family) -> dict[str, float]:
    """How many levels each environment trains on."""
    return {e.name: e.conditions.levels or np.inf for e in family.environments}


def _first(found: pd.DataFrame, looks: Looks, lines: dict[str, Line]) -> str:
    """What the lines begin with."""
    if found.empty:
        return "No run has finished."
    few = found[found["levels"] == found["levels"].min()].drop_duplicates(
        ["configuration", "tested"]
    )
    means = few.set_index(["configuration", "tested"])["mean"]
    said = []
    for name, look in looks.items():
        mine = [f"{means[name, key]:.0f}" for key in lines if (name, key) in means.index]
        said += [f"{look.label} {listed(mine)}"] if mine else []
    least = few["levels"].min()
    count = plural(int(least), "level") if np.isfinite(least) else "unbounded levels"
    return f"On {count}, in that order: {listed(said)}."
