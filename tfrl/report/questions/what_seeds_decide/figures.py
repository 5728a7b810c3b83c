"""Each agent against itself, and the wrong winner by the number of seeds."""

import numpy as np
import pandas as pd

from tfrl.analysis.sign_test import MOST_SEEDS
from tfrl.report.drawings import seed_luck
from tfrl.report.drawings.forest import pair_label
from tfrl.report.filters import percent
from tfrl.report.questions.what_seeds_decide.facts import Facts
from tfrl.report.svg import SvgFigure, svg_figure


def draw(facts: Facts) -> dict[str, SvgFigure]:
    """Returns a histogram for each agent, and a line for each pair."""
    figures, styles = {}, facts.data.main
    if any(len(split.differences) for split in facts.splits.values()):
        remarks = {
            str(agent["configuration"]): f"p < .05 in {percent(agent['rejected'])}"
            if np.isfinite(agent["rejected"])
            else agent["note"]
            for agent in facts.agents
        }
        differences = {  # in both directions, since neither half is the first
            name: np.concatenate([split.differences, -split.differences])
            for name, split in facts.splits.items()
            if name in remarks
        }
        label = "final return, one half − the other"
        figures["halves"] = svg_figure(seed_luck.splits, differences, remarks, styles, label)
    if facts.wrong:
        rows = [
            seed_luck.WinnerRow(
                label=pair_label(one.a, one.b, styles),
                colours=(styles[one.a].colour, styles[one.b].colour),
                wrong=pd.Series(one.shares),
                needed=one.needed,
                note=one.note,
                n=one.seeds,
            )
            for one in facts.wrong
        ]
        figures["winners"] = svg_figure(seed_luck.winners, rows, MOST_SEEDS)
    return figures
