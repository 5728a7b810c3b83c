"""Seeds that fail or lose what they learned, and the variability of training."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import evidence, forgetting, shares, stability
from tfrl.analysis.returns import RUN
from tfrl.report.environment_data import EnvironmentData
from tfrl.report.estimates import PERCENT, IntervalEstimate, from_row

MEASURES = {  # columns of each run's values, and the end of each that is the worse one
    "dispersion": "max",
    "short_risk": "min",
    "long_risk": "max",
    "drawdown": "max",
    "rollouts_iqr": "max",
    "rollouts_cvar": "min",
    "difference": "max",
}


@dataclass(frozen=True)
class Agent:
    """One row of the tables."""

    name: str
    seeds: int
    failed: int  # seeds below the level at the last evaluation
    share: IntervalEstimate  # of these among all
    solved: int  # seeds that had solved the environment at an evaluation
    lost: int  # those of them that failed
    solved_in_training: int
    fell: int  # seeds whose training average fell again
    steps_down: float  # mean over those
    risks: tuple[IntervalEstimate, ...]  # medians over seeds, in the order of `MEASURES`
    worst: tuple[float, ...]


@dataclass(frozen=True)
class Facts:
    """Failures and variability. The strip shows all configurations, the rest the main ones."""

    data: EnvironmentData
    outcome: str  # "lost", "failed", "none", or "unknown" without a level
    worst: Agent | None  # the agent that lost it in most seeds
    sure: tuple[tuple[str, str], ...]  # agents that fail more often for sure, and than which
    num_pairs: int
    agents: tuple[Agent, ...]
    deepest: float  # fall of a training average from its own best, over all runs
    deepest_of: str
    deepest_seed: int
    tables: dict[str, pd.DataFrame]


def find(data: EnvironmentData) -> Facts | None:
    """Returns the facts; None if no run has finished."""
    if not (data.runs["status"] == "finished").any():
        return None
    level, steps, averages = data.level, data.study.steps, data.select(data.averages)
    threshold, low = np.inf, -np.inf
    if level is not None and data.threshold is not None:
        threshold, low = data.threshold, level
    history = forgetting.training_falls(averages, threshold, low, steps)
    fell = forgetting.summarise_training(history)
    lost = forgetting.summarise_evaluations(
        forgetting.evaluation_failures(data.select(data.judged), threshold, low)
    )
    failing = shares.compare(lost) if level is not None else pd.DataFrame()
    per_run = _per_run(data)
    summaries = {key: stability.summary(data.select(per_run), key) for key in MEASURES}
    agents = tuple(_agent(row, fell, summaries) for row in lost.to_dict("records"))
    worst = max(agents, key=lambda agent: (agent.lost, agent.failed), default=None)
    deepest = per_run.dropna(subset=["drawdown"]).nlargest(1, "drawdown").to_dict("records")
    return Facts(
        data=data,
        outcome=_outcome(level, worst),
        worst=worst,
        sure=tuple(
            (row["a"], row["b"]) if row["verdict"] == "a more often" else (row["b"], row["a"])
            for row in failing.to_dict("records")
            if row["verdict"] != "undecided"
        ),
        num_pairs=len(failing),
        agents=agents,
        deepest=deepest[0]["drawdown"] if deepest else np.nan,
        deepest_of=str(deepest[0]["configuration"]) if deepest else "",
        deepest_seed=int(deepest[0]["seed"]) if deepest else -1,
        tables={"failing": lost, "failing-pairs": failing, "training": fell, "runs": per_run}
        | {"medians": pd.concat([one.assign(measure=key) for key, one in summaries.items()])}
        | {"across": stability.across_runs(averages, steps)},
    )


def _outcome(level: float | None, worst: Agent | None) -> str:
    if level is None or worst is None:
        return "unknown"
    return "lost" if worst.lost else "failed" if worst.failed else "none"


def _per_run(data: EnvironmentData) -> pd.DataFrame:
    """Returns `over_time`, `across_rollouts` and `best_and_last` of `stability` for each run."""
    rollouts = stability.across_rollouts(data.evaluations, data.study.steps, data.policy)
    rollouts = rollouts.rename(columns=lambda key: key if key in RUN else f"rollouts_{key}")
    table = stability.over_time(data.averages, data.study.steps)
    for more in (rollouts, stability.best_and_last(data.evaluations, data.policy)):
        table = table.merge(more, "outer", RUN)
    return table


def _agent(row: dict[str, Any], fell: pd.DataFrame, summaries: dict[str, pd.DataFrame]) -> Agent:
    name = str(row["configuration"])
    low, high = evidence.wilson_interval(np.array(row["failed"]), row["n"])
    trained = _row(fell, name)
    measures = {key: _row(summaries[key], name) for key in MEASURES}
    no_value = IntervalEstimate(np.nan, note="no value")
    return Agent(
        name=name,
        seeds=row["n"],
        failed=row["failed"],
        share=IntervalEstimate(row["failed"] / row["n"], float(low), float(high), unit=PERCENT),
        solved=row["solved"],
        lost=row["fell"],
        solved_in_training=trained.get("solved", 0),
        fell=trained.get("fell", 0),
        steps_down=trained.get("steps_down", np.nan),
        risks=tuple(
            from_row(measure, "median", ends="median_") if measure.get("n") else no_value
            for measure in measures.values()
        ),
        worst=tuple(measure.get(MEASURES[key], np.nan) for key, measure in measures.items()),
    )


def _row(table: pd.DataFrame, name: str) -> dict[str, Any]:
    """Returns the row of a configuration; empty if there is none."""
    rows = table[table["configuration"] == name] if len(table) else table
    return next(iter(rows.to_dict("records")), {})
