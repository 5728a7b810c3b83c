"""One environment of a study: what the questions about it start from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import apo, benchmarks, evidence, forgetting, implementation, returns
from tfrl.analysis.settings import Settings
from tfrl.harness.store.stored_results import Results
from tfrl.harness.studies.study import Environment, Study
from tfrl.report.style import Looks, looks

POINTS = 100  # of a curve in a figure


@dataclass(frozen=True)
class Task:
    """The runs of one environment; each frame holds that environment only."""

    results: Results  # all of them
    environment: Environment
    looks: Looks
    settings: Settings  # pipeline and hyperparameters of each configuration
    defaults: Mapping[str, Mapping[str, Any]]
    headline: Looks  # the configurations that most questions are about
    runs: pd.DataFrame  # the planned runs
    averages: pd.DataFrame  # as `returns.moving_average`
    evaluations: pd.DataFrame

    @property
    def study(self) -> Study:
        """The whole study."""
        return self.results.study

    @property
    def headlined(self) -> Results:
        """The results of the configurations in the headline only."""
        chosen = tuple(c for c in self.study.configurations if c.name in self.headline)
        return replace(
            self.results,
            study=replace(self.study, configurations=chosen),
            episodes=self.own(self.results.episodes),
            evaluations=self.own(self.results.evaluations),
            runs=self.own(self.results.runs),
        )

    @property
    def id(self) -> str:
        """Of the environment."""
        return self.environment.id

    @property
    def name(self) -> str:
        """Of the environment, for slugs."""
        return self.environment.name

    @property
    def seeds(self) -> dict[str, tuple[int, int]]:
        """By configuration, how many seeds have finished, and how many are planned."""
        finished = (self.runs["status"] == "finished").groupby(self.runs["configuration"])
        return {name: (int(own.sum()), len(own)) for name, own in finished}

    @property
    def steps(self) -> int:
        """The budget of a run."""
        return self.study.steps

    @property
    def threshold(self) -> float | None:
        """The return at which the task counts as solved, if there is one."""
        return benchmarks.get(self.environment.id).threshold

    @property
    def policy(self) -> str:
        """The policy that is judged, "greedy" or "stochastic"."""
        return variations.judged_policy(self.environment.id)

    @property
    def margins(self) -> dict[str, float]:
        """The least difference of returns that matters, as `comparisons.compare` takes it."""
        return {self.name: benchmarks.margin(self.environment.id)}

    @property
    def level(self) -> float | None:
        """The return below which a seed has failed, if one is known."""
        anchors = benchmarks.anchors(self.environment.id)
        if anchors is None or self.threshold is None:
            return None
        return forgetting.level(self.threshold, anchors[0])

    @cached_property
    def final(self) -> pd.DataFrame:
        """The final score of each run."""
        return returns.final_scores(self.evaluations, self.steps, self.policy)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The curve of each run's judged policy at its evaluations."""
        return returns.judged(self.evaluations, self.policy)

    @cached_property
    def area(self) -> pd.DataFrame:
        """The mean of that curve over all of training."""
        return returns.judged_area(self.judged, self.steps)

    @cached_property
    def training(self) -> pd.DataFrame:
        """The mean return of each run's last training episodes."""
        return returns.last_training_scores(self.averages)

    @cached_property
    def curves(self) -> returns.Curves:
        """Every run's learning curve on one grid of steps."""
        return returns.curves(self.averages, np.linspace(0, self.steps, POINTS + 1)[1:])

    def own(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the configurations in the headline."""
        if len(self.headline) == len(self.study.configurations):
            return frame
        return frame[frame["configuration"].isin(list(self.headline))]

    def summary(self, scores: pd.DataFrame, name: str) -> pd.DataFrame:
        """Of the configurations in the headline, as `evidence.summarise`."""
        return evidence.summarise(self.own(scores), self.own(self.runs), name)

    def limits(self) -> tuple[float, float]:
        """The least and the most return: the environment's own, or what was seen."""
        known = benchmarks.get(self.environment.id).returns
        if known:
            return known
        average = self.averages["average"]
        low, high = (average.min(), average.max()) if len(average) else (0.0, 1.0)
        return float(low), float(high if high > low else low + 1)


def task(results: Results, environment: Environment) -> Task:
    """The runs of one environment."""
    episodes, evaluations, runs = (
        results.of(environment, frame)
        for frame in (results.episodes, results.evaluations, results.runs)
    )
    settings, look = results.settings, looks(results.study)
    return Task(
        results=results,
        environment=environment,
        looks=look,
        settings=settings,
        defaults=results.defaults,
        headline={name: look[name] for name in headline(settings)},
        runs=runs,
        averages=returns.moving_average(episodes),
        evaluations=evaluations,
    )


def headline(settings: Settings) -> list[str]:
    """The configurations that are no variant of another in implementation, nor an ablation.

    All, where fewer than two would be left to compare.
    """
    variants = {pair.changed for pair in implementation.pairs(settings)} | set(ablated(settings))
    plain = [name for name in settings if name not in variants]
    return plain if len(plain) > 1 else list(settings)


def ablated(settings: Settings) -> list[str]:
    """The configurations of APO, alone or in parallel, other than the study's plain one."""
    if apo.plain(settings) is None:
        return []
    changed = apo.changed(settings)
    return [name for name, what in changed.items() if what and settings[name][0] != "ppo"]
