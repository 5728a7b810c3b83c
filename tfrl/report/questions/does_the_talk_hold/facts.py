"""What the talk that APO comes from claims, and what these runs say of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import apo, returns
from tfrl.report.drawings.curves import shown_episodes
from tfrl.report.measured import PERCENT, Measured
from tfrl.report.style import Looks
from tfrl.report.task import Task

ANCHORS = {
    "num_anchor_episodes": "K",
    "anchor_weight": "beta",
    "anchor_batch_size": "batch of anchors",
}


@dataclass(frozen=True)
class Claim:
    """One number of which the talk claims that APO's is the lower one."""

    key: str  # "a", "b1" or "b2"
    verdict: str  # "supported", "not supported" or "inconclusive"
    lower: Measured  # how often APO's is the lower one, of all pairs of runs
    means: tuple[float, float]  # of APO and of PPO
    counts: tuple[int, int]  # runs that have a value
    hits: tuple[int, int]  # of those, runs whose value is not 0
    late: tuple[float, float]  # mean return of the second half of training
    more: int | None  # seeds of each that would decide; None for too many


@dataclass(frozen=True)
class Facts:
    """APO against PPO."""

    apo: str  # names of the configurations
    ppo: str
    first: str  # verdicts on the talk's two claims; the first may be "depends"
    second: str
    claims: tuple[Claim, ...]
    beginnings: tuple[tuple[float, Measured, str], ...]  # share of the budget, lower, verdict
    failed: tuple[int, int]
    early: float
    late: float
    tuned: str  # "defaults" or "own": whose K, beta and batch these are
    settings: Mapping[str, Any]  # K, beta and batch
    others: Mapping[str, int]  # configurations of APO and of PPO, where there are several
    stock: bool  # whether PPO is TF-Agents' agent as it is
    beyond: int  # runs that go on beyond the right edge of the talk's figure
    longest: int  # episodes of the longest run
    id: str
    policy: str
    threshold: float | None
    looks: Looks
    averages: pd.DataFrame
    values: pd.DataFrame
    tables: dict[str, pd.DataFrame]


def find(task: Task) -> Facts | None:
    """If the study has both agents."""
    pair = apo.plain(task.settings)
    finished = task.runs.loc[task.runs["status"] == "finished", "configuration"].astype(str)
    if pair is None or not set(pair) <= set(finished):
        return None
    runs = task.runs[task.runs["configuration"].isin(pair)]
    values = apo.measures(task.judged, task.averages, runs, task.steps, task.threshold, task.level)
    claims = apo.compare(values, *pair)
    if task.level is None:
        claims = claims[claims["claim"] != "b1"]
    beginnings = apo.beginnings(task.judged, task.steps, *pair)
    averages = task.averages[task.averages["configuration"].isin(pair)]
    lengths = averages.groupby(returns.RUN, observed=True)["ordinal"].max()
    own = task.settings[pair[0]][1]
    anchors = {ANCHORS[key]: own[key] for key in ANCHORS if key in own}
    usual = task.defaults.get(pair[0], {})
    defaults = all(own[key] == usual.get(key) for key in ANCHORS if key in own)
    pipelines = [pipeline for pipeline, _ in task.settings.values()]
    failed = claims.iloc[0]
    return Facts(
        apo=pair[0],
        ppo=pair[1],
        first=_first(claims, beginnings),
        second=apo.together(list(claims.loc[claims["claim"] != "a", "verdict"])),
        claims=tuple(_claim(row) for row in claims.to_dict("records")),
        beginnings=tuple(
            (row["share"], _lower(row), row["verdict"]) for row in beginnings.to_dict("records")
        ),
        failed=(int(failed["apo_failed"]), int(failed["ppo_failed"])),
        early=apo.EARLY,
        late=apo.LATE,
        tuned="defaults" if defaults else "own",
        settings=anchors,
        others={
            name: pipelines.count(key)
            for key, name in (("apo", "APO"), ("ppo", "PPO"))
            if pipelines.count(key) > 1
        },
        stock=bool(task.settings[pair[1]][1].get("stock_agent", False)),
        beyond=int((lengths > shown_episodes(averages)).sum()),
        longest=int(lengths.max()) if len(lengths) else 0,
        id=task.environment.id,
        policy=task.policy,
        threshold=task.threshold,
        looks={name: task.looks[name] for name in reversed(pair)},
        averages=averages,
        values=values,
        tables={"": claims, "runs": values, "beginnings": beginnings},
    )


def _first(claims: pd.DataFrame, beginnings: pd.DataFrame) -> str:
    """The verdict on "at first"; "depends" if another meaning of it gives the opposite."""
    first = str(claims.loc[claims["claim"] == "a", "verdict"].iloc[0])
    meanings = {first, *beginnings["verdict"]}
    return "depends" if {"supported", "not supported"} <= meanings else first


def _lower(row: dict[str, Any]) -> Measured:
    return Measured(row["lower"], row["lower_low"], row["lower_high"], row["why"], PERCENT)


def _claim(row: dict[str, Any]) -> Claim:
    def both(name: str) -> tuple[Any, Any]:
        return row[f"apo_{name}"], row[f"ppo_{name}"]

    needed = row["seeds_needed"]
    return Claim(
        key=row["claim"],
        verdict=row["verdict"],
        lower=_lower(row),
        means=both("mean"),
        counts=both("n"),
        hits=both("nonzero"),
        late=both("late_return"),
        more=max(int(needed) - min(both("n")), 0) if np.isfinite(needed) else None,
    )
