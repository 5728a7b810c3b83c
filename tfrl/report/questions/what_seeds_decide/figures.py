"""Each agent against itself, and the wrong winner by the number of seeds."""

import numpy as np
import pandas as pd

from tfrl.analysis.sign_test import MOST_SEEDS
from tfrl.report.drawings import chance
from tfrl.report.filters import percent
from tfrl.report.measured import MINUS
from tfrl.report.questions.what_seeds_decide.facts import Facts
from tfrl.report.style import Drawing, drawing


def draw(facts: Facts) -> dict[str, Drawing]:
    """A hill for each agent; a line for each pair."""
    drawn = {}
    if any(len(split.differences) for split in facts.splits.values()):
        remarks = {
            agent.name: f"p < .05 in {percent(agent.rejected)}"
            if np.isfinite(agent.rejected)
            else agent.note
            for agent in facts.agents
        }
        hills = {  # which half goes first is of no meaning
            name: np.concatenate([split.differences, -split.differences])
            for name, split in facts.splits.items()
            if name in remarks
        }
        label = "final return, one half − the other"
        drawn["halves"] = drawing(chance.splits, hills, remarks, facts.looks, label)
    if facts.wrong:
        rows = [
            chance.Pair(
                label=f"{facts.looks[one.a].label} {MINUS} {facts.looks[one.b].label}",
                colours=(facts.looks[one.a].colour, facts.looks[one.b].colour),
                wrong=pd.Series(one.shares),
                needed=one.needed,
                note=one.note,
                n=one.seeds,
            )
            for one in facts.wrong
        ]
        drawn["winners"] = drawing(chance.pairs, rows, MOST_SEEDS)
    return drawn
