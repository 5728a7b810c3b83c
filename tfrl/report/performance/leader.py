"""Who leads, and whose seeds the leader's seeds beat for sure, in sentences."""

import numpy as np
import pandas as pd

from tfrl.report.performance import cells, pairs
from tfrl.report.performance.ground import Ground
from tfrl.report.wording import listed, plural

LISTED = 3  # agents in a sentence; the others are counted


def leader(
    ground: Ground, summary: pd.DataFrame, rows: pd.DataFrame, what: str
) -> tuple[str, tuple[str, ...]]:
    """Outcome and sentences: who has the highest mean, and whose seeds its seeds beat for sure."""
    scored = summary[summary["n"] > 0]
    if scored.empty:
        return "", ("No run has finished: no score.",)
    top = scored.loc[scored["mean"].idxmax()]
    best, look = str(top["configuration"]), ground.looks
    mean = cells.said(top["mean"], top["mean_low"], top["mean_high"], top["note"], top["n"])
    if len(scored) == 1:
        return "nothing to compare", (f"{look[best].label}'s mean {what} is {mean}.",)
    tied = [str(name) for name in scored.loc[scored["mean"] == top["mean"], "configuration"]]
    have = "has" if len(tied) == 1 else "have"
    sentences = [
        f"{listed([look[name].label for name in tied])} {have} the highest mean {what}, {mean}."
    ]
    mine = rows[(rows["a"] == best) ^ (rows["b"] == best)]
    mine = mine[~(mine["a"].isin(tied) & mine["b"].isin(tied))]
    won = np.where(mine["a"] == best, "a higher", "b higher")
    unsure = mine["verdict"] == "inconclusive"
    beaten, lost = (
        mine[~unsure & (mine["verdict"] == won)],
        mine[~unsure & (mine["verdict"] != won)],
    )
    for found, verb in ((beaten, "beats"), (lost, "nevertheless loses more often than not to")):
        if len(found):
            sentences.append(f"A seed of {look[best].label} {verb} {_beaten(ground, found, best)}.")
    if unsure.any():
        sentences.append(_nearest(ground, mine[unsure], best))
    if few := pairs.too_few(rows):
        sentences.append(few)
    could = [*tied, *(_other(row, best) for _, row in mine[unsure].iterrows())]
    several = " or ".join(own.label for name, own in look.items() if name in could)
    outcome = "inconclusive" if beaten.empty else several if len(could) <= LISTED else "not sure"
    return outcome, (" ".join(sentences),)


def _beaten(ground: Ground, rows: pd.DataFrame, best: str) -> str:
    """As `one of DQN in 93% (81% to 98%) of pairs`, of the others or of the one beaten least."""
    if len(rows) <= LISTED:
        parts = [
            f"one of {_label(ground, row, best)} in {pairs.wins(row, best)}"
            for _, row in rows.iterrows()
        ]
        return f"{listed(parts)} of pairs"
    share = np.where(rows["a"] == best, rows["improvement"], 1 - rows["improvement"])
    least = rows.iloc[int(share.argmin())]
    return (
        f"one of each of {plural(len(rows), 'other')}, the least often of "
        f"{_label(ground, least, best)}, in {pairs.wins(least, best)} of pairs"
    )


def _nearest(ground: Ground, rows: pd.DataFrame, best: str) -> str:
    """Against whom it is not sure, and which verdict would take fewest seeds."""
    names = _labels(ground, rows, best)
    if len(rows) > 1 and not np.isfinite(rows["seeds_needed"]).any():
        return f"Against {names} it is inconclusive."
    row = rows.loc[rows["seeds_needed"].fillna(np.inf).idxmin()]
    nearest = f"nearest to an answer is {_label(ground, row, best)}, " if len(rows) > 1 else ""
    return (
        f"Against {names} it is inconclusive: {nearest}{pairs.wins(row, best)} of pairs are won; "
        f"{pairs.more(row)}."
    )


def _labels(ground: Ground, rows: pd.DataFrame, best: str) -> str:
    """Names of the others, if they are not too many."""
    if len(rows) > LISTED:
        return plural(len(rows), "other")
    return listed([_label(ground, row, best) for _, row in rows.iterrows()])


def _label(ground: Ground, row: pd.Series, best: str) -> str:
    return ground.looks[_other(row, best)].label


def _other(row: pd.Series, name: str) -> str:
    return str(row["b"] if row["a"] == name else row["a"])
