"""Dispersion and risk, within a run and across runs: the tables of question 3."""

import numpy as np
import pandas as pd

from tfrl.analysis import stability
from tfrl.analysis.evidence import CONFIDENCE
from tfrl.report.blocks import Cell, Table
from tfrl.report.performance import cells
from tfrl.report.performance.ground import Ground
from tfrl.report.records import agent
from tfrl.report.wording import holding

SMALLER_IS_WORSE = ("short_risk", "rollouts_cvar")
OVER_TIME = {  # columns of `stability.over_time`, and what they are called
    "dispersion": "Dispersion over time",
    "short_risk": "Short-term risk",
    "long_risk": "Long-term risk",
    "drawdown": "Maximum drawdown",
}


def within(ground: Ground, per_run: pd.DataFrame) -> Table:
    """Medians over the seeds of what is measured within a run.

    Args:
      per_run: `over_time`, `across_rollouts` and `best_and_last` of `stability`, a row a run.
    """
    columns = {
        **OVER_TIME,
        "rollouts_iqr": "Across episodes, IQR",
        "rollouts_cvar": "Across episodes, worst 5%",
        "difference": "Best − last",
    }
    summaries = {key: stability.summary(per_run, key) for key in columns}
    rows = []
    for name, look in ground.headline.items():
        line = [agent(look)]
        for key, summary in summaries.items():
            mine = summary[summary["configuration"] == name]
            worst = "min" if key in SMALLER_IS_WORSE else "max"
            line.append(_median(mine, worst, _planned(ground, name), _why(per_run, name, key)))
        rows.append(tuple(line))
    caption = (
        f"Medians over the seeds; below, {CONFIDENCE:.0%} intervals and the worst seed. Dispersion "
        "is a share of the curve's range, all else is in units of return. Agents that learn little "
        "have little to lose."
    )
    data = pd.concat([table.assign(measure=key) for key, table in summaries.items()])
    slug = f"{ground.name}-stability"
    head = ("Agent", *columns.values())
    holds = holding(summaries["drawdown"]["n"], "median")
    return Table("Within a run", slug, caption, head, tuple(rows), data, (), "full many", holds)


def _planned(ground: Ground, name: str) -> int:
    return int((ground.runs["configuration"] == name).sum())


def _median(summary: pd.DataFrame, worst: str, planned: int, why: str) -> Cell:
    """A median over its interval, the worst seed, and how many seeds have a value if not all."""
    if summary.empty or not summary.iloc[0]["n"]:
        return Cell(why, number=True)
    row = summary.iloc[0]
    low, high = row["median_low"], row["median_high"]
    cell = cells.estimate(row["median"], low, high, row["note"] if not np.isfinite(low) else "")
    details = [cell.detail] if cell.detail else []
    if row["min"] < row["max"]:
        details.append(f"worst {cells.plain(row[worst]).text}")
    if row["n"] < planned:
        details.append(f"{row['n']} of {planned} seeds")
    return Cell(cell.text, "; ".join(details), number=True)


def _why(per_run: pd.DataFrame, name: str, key: str) -> str:
    """Why a configuration has no value."""
    mine = per_run[per_run["configuration"] == name]
    notes = mine["note"].dropna()
    told = notes[notes != ""]
    return str(told.iloc[0]) if key in OVER_TIME and len(told) else "no value"


def across(ground: Ground, found: pd.DataFrame) -> Table:
    """Dispersion across runs as training goes on.

    Args:
      found: as `stability.across_runs`.
    """
    steps = sorted(found["step"].unique()) if len(found) else []
    rows = []
    for name, look in ground.headline.items():
        mine = found[found["configuration"] == name].set_index("step")
        line = [agent(look, ground.lacking(name))]
        for step in steps:
            line.append(_dispersion(mine.loc[step]) if step in mine.index else Cell("no value"))
        rows.append(tuple(line))
    head = ("Agent", *(f"{step:,.0f} steps" for step in steps))
    caption = (
        "Interquartile range over the seeds of their smoothed curves; below, the mean of the worst "
        "5% of seeds, which with up to 20 seeds is the worst one."
    )
    slug = f"{ground.name}-across"
    return Table("Across runs", slug, caption, head, tuple(rows), found)


def _dispersion(row: pd.Series) -> Cell:
    text = cells.plain(row["iqr"], row["note"] or "no value").text
    worst = cells.plain(row["cvar"], "").text
    return Cell(text, f"worst {worst}" if worst else "", number=True)
