"""The claims of the talk that introduced APO, tested on these runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import ablations, apo, returns
from tfrl.report.drawings.curves import shown_episodes
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.estimates import PERCENT, IntervalEstimate
from tfrl.report.style import Styles

ANCHORS = {
    "num_anchor_episodes": "K",
    "anchor_weight": "beta",
    "anchor_batch_size": "batch of anchors",
}


@dataclass(frozen=True)
class Claim:
    """A claim of the talk that a number of APO is lower than that of PPO."""

    key: str  # "a", "b1" or "b2"
    verdict: str  # "supported", "not supported" or "undecided"
    lower: IntervalEstimate  # share of all pairs of runs in which APO's is lower
    means: tuple[float, float]  # of APO and of PPO
    counts: tuple[int, int]  # runs with a value
    hits: tuple[int, int]  # runs whose value is not 0
    late: tuple[float, float]  # mean return of the second half of training
    more: int | None  # further seeds of each that would decide; None for too many


@dataclass(frozen=True)
class Beginning:
    """Another meaning of "at first"."""

    share: float  # of the budget
    training: bool  # whether the return in training is meant, and not that at evaluations
    lower: IntervalEstimate
    verdict: str


@dataclass(frozen=True)
class Facts:
    """APO against PPO."""

    data: EnvironmentData
    apo: str  # names of the configurations
    ppo: str
    first: str  # verdicts on the talk's two claims; the first may be "depends"
    second: str
    claims: tuple[Claim, ...]
    beginnings: tuple[Beginning, ...]  # other meanings of "at first"
    failed: tuple[int, int]
    early: float
    late: float
    defaults: bool  # whether K, beta and batch are the pipeline's defaults
    anchors: Mapping[str, Any]  # K, beta and batch
    others: Mapping[str, int]  # number of configurations of APO and of PPO, if several
    stock: bool  # whether PPO is TF-Agents' agent without corrections
    beyond: int  # runs that continue beyond the right edge of the talk's figure
    longest: int  # episodes of the longest run
    styles: Styles
    averages: pd.DataFrame
    values: pd.DataFrame
    tables: dict[str, pd.DataFrame]


def find(data: EnvironmentData) -> Facts | None:
    """Returns the facts; None unless both agents have a finished run."""
    pair = ablations.plain_apo_and_ppo(data.settings)
    finished = data.runs.loc[data.runs["status"] == "finished", "configuration"].astype(str)
    if pair is None or not set(pair) <= set(finished):
        return None
    runs = data.runs[data.runs["configuration"].isin(pair)]
    averages = data.averages[data.averages["configuration"].isin(pair)]
    steps = data.study.steps
    values = apo.measures(data.judged, data.averages, runs, steps, data.threshold, data.level)
    claims = apo.compare(values, *pair)
    if data.level is None:
        claims = claims[claims["claim"] != "b1"]
    beginnings = apo.beginnings(data.judged, values, steps, *pair)
    lengths = averages.groupby(returns.RUN, observed=True)["ordinal"].max()
    settings, defaults = data.settings[pair[0]][1], data.defaults.get(pair[0], {})
    anchors = {key: settings[key] for key in ANCHORS if key in settings}
    pipelines = [pipeline for pipeline, _ in data.settings.values()]
    counts = {"APO": pipelines.count("apo"), "PPO": pipelines.count("ppo")}
    return Facts(
        data=data,
        apo=pair[0],
        ppo=pair[1],
        first=_first(claims, beginnings),
        second=apo.combine(list(claims.loc[claims["claim"] != "a", "verdict"])),
        claims=tuple(_claim(row) for row in claims.to_dict("records")),
        beginnings=tuple(
            Beginning(row["share"], row["returns"] == "training", _lower(row), row["verdict"])
            for row in beginnings.to_dict("records")
        ),
        failed=(int(claims["apo_failed"].iloc[0]), int(claims["ppo_failed"].iloc[0])),
        early=apo.EARLY,
        late=apo.LATE,
        defaults=all(value == defaults.get(key) for key, value in anchors.items()),
        anchors={ANCHORS[key]: value for key, value in anchors.items()},
        others={name: count for name, count in counts.items() if count > 1},
        stock=bool(data.settings[pair[1]][1].get("stock_agent", False)),
        beyond=int((lengths > shown_episodes(averages)).sum()),
        longest=int(lengths.max()) if len(lengths) else 0,
        styles={name: data.styles[name] for name in reversed(pair)},
        averages=averages,
        values=values,
        tables={"": claims, "runs": values, "beginnings": beginnings},
    )


def _first(claims: pd.DataFrame, beginnings: pd.DataFrame) -> str:
    """Returns the verdict on "at first"; "depends" if another meaning of it gives the opposite."""
    first = str(claims.loc[claims["claim"] == "a", "verdict"].iloc[0])
    meanings = {first, *beginnings["verdict"]}
    return "depends" if {"supported", "not supported"} <= meanings else first


def _lower(row: dict[str, Any]) -> IntervalEstimate:
    return IntervalEstimate(row["lower"], row["lower_low"], row["lower_high"], row["why"], PERCENT)


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
