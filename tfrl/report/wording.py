"""Numbers and sentences. Each sentence is made from the tables and carries n and its interval."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tfrl.harness.study import Study
from tfrl.report.blocks import Answer
from tfrl.report.style import Looks

MINUS = "\N{MINUS SIGN}"
_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_LATER = {
    "deepest_fall": "Deepest fall below the threshold",
    "late_spread": "Spread of returns in the last half of steps",
}


def number(value: float, digits: int = 0) -> str:
    """With so many decimals, thousands separated, a true minus sign, and no minus before a zero."""
    text = f"{value:,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", MINUS)


def places(low: float, high: float) -> int:
    """Decimals that an interval warrants: those that show two digits of half its width.

    One decimal if there is no interval.
    """
    half = (high - low) / 2
    if not np.isfinite(half) or half <= 0:
        return 1
    return int(np.clip(1 - np.floor(np.log10(half)), 0, 4))


def interval(low: float, high: float) -> str:
    """As `497.1 to 500.3`; empty if there is none, and words if it has no width."""
    if not np.isfinite(low):
        return ""
    if low == high:
        return "95% of draws equal"
    digits = places(low, high)
    return f"{number(low, digits)} to {number(high, digits)}"


def whole(value: float) -> int:
    """Decimals of a number that has no interval: none if it is whole, else one."""
    return 0 if value == round(value) else 1


def plural(count: int, noun: str) -> str:
    """As `1 run`, `20 runs`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def listed(items: Sequence[str]) -> str:
    """As `a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def question(study: Study, asks_apo: bool) -> str:
    """What the study asks, in one sentence."""
    count = len(study.configurations)
    agents = (
        f"{_COUNTS[count] if count <= 10 else count} agent{'' if count == 1 else 's'}".capitalize()
    )
    where = listed(list(dict.fromkeys(environment.id for environment in study.environments)))
    parts = ["what does each reach" if count > 1 else "what does it reach"]
    parts += ["how far does the seed alone move it"]
    parts += ["is APO steadier than PPO"] if asks_apo else []
    each = " each" if count > 1 else ""
    return (
        f"{agents} on {where}, {plural(len(study.seeds), 'seed')}{each}, {study.steps:,} "
        f"environment steps a run: {listed(parts)}?"
    )


def incomplete(runs: pd.DataFrame) -> str:
    """What stands at the top of a study not all of whose runs finished; empty if all did."""
    count = runs["status"].value_counts()
    finished, failed, missing = (int(count.get(s, 0)) for s in ("finished", "failed", "missing"))
    if finished == len(runs):
        return ""
    rest = [f"{failed:,} failed"] * (failed > 0) + [f"{missing:,} not there yet"] * (missing > 0)
    return f"This study is incomplete: {finished:,}/{len(runs):,} runs finished; {listed(rest)}."


def seeds_answer(summary: pd.DataFrame, looks: Looks) -> Answer:
    """How far the final return moves with nothing changed but the seed."""
    scored = summary[summary["n"] > 1]
    if scored.empty:
        return Answer("Same settings, other seeds", "", "Too few finished runs to say.")
    parts = []
    for row in scored.itertuples():
        digits = places(row.mean_low, row.mean_high) if row.max > row.min else whole(row.min)
        low, high = number(row.min, digits), number(row.max, digits)
        span = f"{low} to {high}" if low != high else f"{low} each time"
        parts.append(f"{looks[row.configuration].label} {span} (n = {row.n})")
    return Answer("Same settings, other seeds", "", f"Final return of {listed(parts)}.")


def mean_answer(summary: pd.DataFrame, looks: Looks) -> Answer:
    """The mean final return of each configuration."""
    parts = []
    for row in summary[summary["n"] > 0].itertuples():
        digits = places(row.mean_low, row.mean_high)
        bounds = interval(row.mean_low, row.mean_high)
        bounds = f"95% interval {bounds}" if bounds else row.note
        label = looks[row.configuration].label
        parts.append(f"{label} {number(row.mean, digits)} ({bounds}; n = {row.n})")
    text = f"{listed(parts)}." if parts else "No run has finished."
    return Answer("Mean final return", "", text)


def solved_answer(reached: pd.DataFrame, threshold: float, looks: Looks) -> Answer:
    """In how many runs the moving average reached the threshold, and where it ended.

    Args:
      reached: [configuration, reached, ended_below] of the finished runs.
    """
    parts = []
    for name, look in looks.items():
        mine = reached[reached["configuration"] == name]
        solved, lost = int(mine["reached"].sum()), int(mine["ended_below"].sum())
        parts.append(f"{look.label} {solved} of {len(mine)} ({lost} ended below it)")
    claim = f"Runs whose 100-episode average reached {threshold:g}"
    return Answer(claim, "", f"{listed(parts)}.")


def evidence(row: pd.Series) -> str:
    """Both means of a claim, their difference with its interval, and both n."""
    n = f"n = {row['apo_n']} and {row['ppo_n']}"
    if not np.isfinite(row["difference"]):
        return f"{row['note']} ({n})"
    digits = places(row["low"], row["high"])
    apo, ppo = (number(row[key], digits + 1) for key in ("apo", "ppo"))  # so that they subtract
    bounds = interval(row["low"], row["high"])
    bounds = f"95% interval {bounds}" if bounds else row["note"]
    difference = number(row["difference"], digits)
    return f"APO {apo}, PPO {ppo}, difference {difference} ({bounds}; {n})"


def apo_answers(claims: pd.DataFrame) -> list[Answer]:
    """One sentence for each claim of the talk.

    Args:
      claims: as `analysis.apo.compare` gives them; without b1 if the environment has no threshold.
    """
    early = claims[claims["claim"] == "a"].iloc[0]
    later = claims[claims["claim"] != "a"]
    outcomes = list(dict.fromkeys(later["verdict"]))
    parts = []
    for _, row in later.iterrows():
        verdict = f" ({row['verdict']})" if len(outcomes) > 1 else ""
        parts.append(f"{_LATER[row['measure']]}{verdict}: {evidence(row)}.")
    return [
        Answer(
            "APO rises more slowly at first",
            early["verdict"],
            f"Mean return in the first 20% of steps: {evidence(early)}.",
        ),
        Answer(
            "APO is steadier later",
            outcomes[0] if len(outcomes) == 1 else "mixed",
            " ".join(parts),
        ),
    ]
