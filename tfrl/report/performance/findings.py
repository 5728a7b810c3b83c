"""The numbers behind one environment's part of the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import apo, evidence, overfitting, returns, stability, thresholds
from tfrl.harness.storage import Results
from tfrl.harness.study import Configuration, Environment, Study


@dataclass(frozen=True)
class Comparison:
    """APO against PPO: the names of the two configurations, each run's values, and the claims."""

    apo: str
    ppo: str
    values: pd.DataFrame  # as `analysis.apo.measures`
    claims: pd.DataFrame  # as `analysis.apo.compare`, without b1 if there is no threshold
    hyperparameters: Mapping[str, Any]  # of APO; empty if not known
    defaults: Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """What the runs of one environment say; each frame holds that environment only."""

    environment: Environment
    study: Study
    threshold: float | None  # the return at which the task counts as solved
    runs: pd.DataFrame  # the planned runs
    averages: pd.DataFrame  # as `returns.moving_average`
    evaluations: pd.DataFrame  # as `returns.evaluation_means`
    scores: pd.DataFrame  # as `returns.final_scores`
    final: pd.DataFrame  # `scores`, as `evidence.summarise`
    training: pd.DataFrame  # the last 100 training episodes, as `evidence.summarise`
    history: pd.DataFrame  # as `stability.threshold_history`; empty without a threshold
    comparison: Comparison | None
    starts: pd.DataFrame  # training minus held-out starts at the end, as `overfitting.verdicts`


def apo_and_ppo(study: Study) -> tuple[str, str] | None:
    """The study's first configurations of the pipelines "apo" and "ppo", if it has both.

    One of PPO with the agent that APO builds on goes before one with TF-Agents' stock agent.
    """
    first: dict[str, str] = {}
    for configuration in sorted(study.configurations, key=uses_stock_agent):
        first.setdefault(configuration.pipeline, configuration.name)
    return (first["apo"], first["ppo"]) if {"apo", "ppo"} <= first.keys() else None


def uses_stock_agent(configuration: Configuration) -> bool:
    """Whether it trains TF-Agents' PPO agent as it is, without the corrections."""
    return bool(configuration.hyperparameters.get("stock_agent", False))


def findings(results: Results, environment: Environment) -> Findings:
    """All statistics of one environment."""
    study = results.study
    episodes, evaluations, runs = (
        frame[frame["environment"] == environment.name]
        for frame in (results.episodes, results.evaluations, results.runs)
    )
    threshold = thresholds.threshold(environment.id)
    averages = returns.moving_average(episodes)
    history = stability.threshold_history(averages, np.inf if threshold is None else threshold)
    scores = returns.final_scores(evaluations, study.steps)
    return Findings(
        environment=environment,
        study=study,
        threshold=threshold,
        runs=runs,
        averages=averages,
        evaluations=returns.evaluation_means(evaluations),
        scores=scores,
        final=evidence.summarise(scores, runs, "final return"),
        training=evidence.summarise(
            returns.last_training_scores(episodes), runs, "training return"
        ),
        history=history if threshold is not None else history.head(0),
        comparison=_comparison(results, averages, runs, threshold),
        starts=_starts(study, environment, evaluations),
    )


def _starts(study: Study, environment: Environment, evaluations: pd.DataFrame) -> pd.DataFrame:
    """What the greedy policy returns more on starts that it was trained on."""
    measure = overfitting.mean_return(environment.id)
    end = (evaluations["step"] == study.steps) & (evaluations["policy"] == "greedy")
    gaps = overfitting.gaps(overfitting.scores(evaluations[end], None), measure)
    return overfitting.verdicts(gaps, measure, study.evaluation.episodes)


def _comparison(
    results: Results, averages: pd.DataFrame, runs: pd.DataFrame, threshold: float | None
) -> Comparison | None:
    pair = apo_and_ppo(results.study)
    if pair is None:
        return None
    runs = runs[runs["configuration"].isin(pair)]
    values = apo.measures(averages, runs, results.study.steps, threshold)
    claims = apo.compare(values, *pair)
    if threshold is None:
        claims = claims[claims["claim"] != "b1"]
    hyperparameters, defaults = (
        settings.get(pair[0], {}) for settings in (results.hyperparameters, results.defaults)
    )
    return Comparison(*pair, values, claims, hyperparameters, defaults)
