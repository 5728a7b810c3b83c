"""What all questions about one environment start from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis import apo, evidence, implementation, returns, thresholds
from tfrl.analysis.settings import Settings
from tfrl.harness.storage import Results
from tfrl.harness.study import Environment, Study
from tfrl.report.style import Looks, looks
from tfrl.report.wording import number, whole

POINTS = 100  # of a curve in a figure


@dataclass(frozen=True)
class Ground:
    """The runs of one environment; each frame holds that environment only."""

    results: Results  # all of them
    environment: Environment
    looks: Looks
    settings: Settings  # pipeline and hyperparameters of each configuration
    defaults: Mapping[str, Mapping[str, Any]]
    headline: Looks  # the configurations that the first four questions are about
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
    def name(self) -> str:
        """Of the environment, for slugs."""
        return self.environment.name

    def finished(self, name: str) -> str:
        """How many seeds of a configuration have finished, as `3 of 4 seeds`."""
        mine = self.runs[self.runs["configuration"] == name]["status"]
        return f"{(mine == 'finished').sum()} of {len(mine)} seeds"

    def lacking(self, name: str) -> str:
        """The same if some have not; otherwise empty."""
        mine = self.runs[self.runs["configuration"] == name]["status"]
        return "" if (mine == "finished").all() else self.finished(name)

    @property
    def steps(self) -> int:
        """The budget of a run."""
        return self.study.steps

    @property
    def threshold(self) -> float | None:
        """The return at which the task counts as solved, if there is one."""
        return thresholds.threshold(self.environment.id)

    @property
    def goal(self) -> str:
        """That return as it is written; empty if there is none."""
        return "" if self.threshold is None else number(self.threshold, whole(self.threshold))

    @cached_property
    def final(self) -> pd.DataFrame:
        """The final score of each run."""
        return returns.final_scores(self.evaluations, self.steps)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The curve of each run's greedy policy at its evaluations."""
        return returns.judged(self.evaluations)

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
        known = thresholds.return_range(self.environment.id)
        if known:
            return known
        average = self.averages["average"]
        low, high = (average.min(), average.max()) if len(average) else (0.0, 1.0)
        return float(low), float(high if high > low else low + 1)


def ground(results: Results, environment: Environment) -> Ground:
    """Where the questions about one environment begin."""
    episodes, evaluations, runs = (
        results.of(environment, frame)
        for frame in (results.episodes, results.evaluations, results.runs)
    )
    found, look = results.settings, looks(results.study)
    return Ground(
        results=results,
        environment=environment,
        looks=look,
        settings=found,
        defaults=results.defaults,
        headline={name: look[name] for name in headline(found)},
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
