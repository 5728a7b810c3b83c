"""How many seeds fail or lose what they learned, and how unsteady training is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, forgetting, shares, stability
from tfrl.analysis.returns import RUN, Curves
from tfrl.report.measured import PERCENT, Measured
from tfrl.report.style import Looks
from tfrl.report.task import Task

MEASURES = (  # columns of each run's values, and whether a small value is the worse one
    ("dispersion", False),
    ("short_risk", True),
    ("long_risk", False),
    ("drawdown", False),
    ("rollouts_iqr", False),
    ("rollouts_cvar", True),
    ("difference", False),
)


@dataclass(frozen=True)
class Agent:
    """One row of the tables."""

    name: str
    seeds: int
    failed: int  # seeds that are bad at the last evaluation
    share: Measured  # of those among all
    solved: int  # seeds that had solved the task at an evaluation
    lost: int  # those of them that failed
    solved_in_training: int
    fell: int  # seeds whose training average fell again
    steps_down: float  # mean over those
    risks: tuple[Measured, ...]  # medians over seeds, in the order of `MEASURES`
    worst: tuple[float, ...]


@dataclass(frozen=True)
class Failing:
    """Two agents, one of which fails in more seeds for sure."""

    more: str
    less: str


@dataclass(frozen=True)
class Facts:
    """All about what was lost."""

    outcome: str  # "lost", "failed", "none", or "unknown" without a level
    worst: Agent | None  # the agent that lost it in most seeds
    sure: tuple[Failing, ...]
    num_pairs: int
    agents: tuple[Agent, ...]
    level: float | None  # of return, below which a seed has failed
    threshold: float | None
    deepest: float  # of all falls of a training average from its own best
    deepest_of: str
    deepest_seed: int
    looks: Looks
    curves: Curves
    runs: pd.DataFrame
    limits: tuple[float, float]
    seeds: dict[str, tuple[int, int]]
    tables: dict[str, pd.DataFrame]


def find(task: Task) -> Facts | None:
    """Of the configurations in the headline; the strip is of all."""
    if not (task.runs["status"] == "finished").any():
        return None
    level, averages = task.level, task.own(task.averages)
    threshold, low = np.inf, -np.inf
    if level is not None and task.threshold is not None:
        threshold, low = task.threshold, level
    history = forgetting.of_training(averages, threshold, low, task.steps)
    fell = forgetting.shares(history)
    lost = forgetting.of_policy(forgetting.of_judged(task.own(task.judged), threshold, low))
    failing = shares.compare(lost) if level is not None else pd.DataFrame()
    per_run = _per_run(task)
    summaries = {key: stability.summary(task.own(per_run), key) for key, _ in MEASURES}
    agents = tuple(_agent(row, fell, summaries) for row in lost.to_dict("records"))
    worst = max(agents, key=lambda agent: (agent.lost, agent.failed), default=None)
    known = per_run.dropna(subset=["drawdown"])
    deepest = known.loc[known["drawdown"].idxmax()] if len(known) else None
    return Facts(
        outcome=_outcome(level, worst),
        worst=worst,
        sure=tuple(_failing(row) for row in _sure(failing)),
        num_pairs=len(failing),
        agents=agents,
        level=level,
        threshold=task.threshold,
        deepest=np.nan if deepest is None else deepest["drawdown"],
        deepest_of="" if deepest is None else str(deepest["configuration"]),
        deepest_seed=-1 if deepest is None else int(deepest["seed"]),
        looks=task.looks,
        curves=task.curves,
        runs=task.runs,
        limits=task.limits(),
        seeds=task.seeds,
        tables={"failing": lost, "failing-pairs": failing, "training": fell, "runs": per_run}
        | {"medians": pd.concat([one.assign(measure=key) for key, one in summaries.items()])}
        | {"across": stability.across_runs(averages, task.steps)},
    )


def _outcome(level: float | None, worst: Agent | None) -> str:
    if level is None or worst is None:
        return "unknown"
    return "lost" if worst.lost else "failed" if worst.failed else "none"


def _per_run(task: Task) -> pd.DataFrame:
    """Each run's values: `over_time`, `across_rollouts` and `best_and_last` of `stability`."""
    rollouts = stability.across_rollouts(task.evaluations, task.steps, task.policy).add_prefix(
        "rollouts_"
    )
    rollouts = rollouts.rename(columns={f"rollouts_{key}": key for key in RUN})
    found = stability.over_time(task.averages, task.steps)
    for more in (rollouts, stability.best_and_last(task.evaluations, task.policy)):
        found = found.merge(more, "outer", RUN)
    return found


def _agent(row: dict[str, Any], fell: pd.DataFrame, summaries: dict[str, pd.DataFrame]) -> Agent:
    name = str(row["configuration"])
    low, high = evidence.wilson_interval(np.array(row["failed"]), row["n"])
    trained = fell[fell["configuration"] == name].to_dict("records")
    own: dict[str, Any] = trained[0] if trained else {}
    risks = [_median(summaries[key], name) for key, _ in MEASURES]
    worst = [_worst(summaries[key], name, small) for key, small in MEASURES]
    return Agent(
        name=name,
        seeds=row["n"],
        failed=row["failed"],
        share=Measured(row["failed"] / row["n"], float(low), float(high), unit=PERCENT),
        solved=row["solved"],
        lost=row["fell"],
        solved_in_training=own.get("solved", 0),
        fell=own.get("fell", 0),
        steps_down=own.get("steps_down", np.nan),
        risks=tuple(risks),
        worst=tuple(worst),
    )


def _median(summary: pd.DataFrame, name: str) -> Measured:
    own = summary[summary["configuration"] == name].to_dict("records") if len(summary) else []
    if not own or not own[0]["n"]:
        return Measured(np.nan, note="no value")
    row = own[0]
    return Measured(row["median"], row["median_low"], row["median_high"], row["note"])


def _worst(summary: pd.DataFrame, name: str, small: bool) -> float:
    own = summary[summary["configuration"] == name] if len(summary) else summary
    return float(own["min" if small else "max"].iloc[0]) if len(own) else np.nan


def _sure(failing: pd.DataFrame) -> list[dict[str, Any]]:
    if failing.empty:
        return []
    return failing[failing["verdict"] != "inconclusive"].to_dict("records")


def _failing(row: dict[str, Any]) -> Failing:
    more, less = ("a", "b") if row["verdict"] == "a more often" else ("b", "a")
    return Failing(str(row[more]), str(row[less]))
