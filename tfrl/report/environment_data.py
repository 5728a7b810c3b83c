"""The data of one environment of a study: its runs, returns and evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from tfrl import variations
from tfrl.analysis import benchmarks, evidence, forgetting, returns
from tfrl.analysis.ablations import (
    Settings,
    apo_changes,
    implementation_pairs,
    plain_apo_and_ppo,
)
from tfrl.harness.store.stored_results import Results
from tfrl.harness.studies.study import Environment, Study
from tfrl.report.style import Styles, styles


@dataclass(frozen=True)
class EnvironmentData:
    """The runs of one environment. Each frame holds that environment only."""

    results: Results  # of the whole study
    environment: Environment
    styles: Styles  # of all configurations
    main: Styles  # of those that most questions are about
    runs: pd.DataFrame  # all planned runs
    averages: pd.DataFrame  # output of `returns.moving_average`
    evaluations: pd.DataFrame

    @property
    def study(self) -> Study:
        """The whole study."""
        return self.results.study

    @property
    def settings(self) -> Settings:
        """Pipeline and hyperparameters of each configuration."""
        return self.results.settings

    @property
    def defaults(self) -> Mapping[str, Mapping[str, Any]]:
        """Default hyperparameters of each configuration's pipeline."""
        return self.results.defaults

    @property
    def main_results(self) -> Results:
        """The results of the main configurations."""
        chosen = tuple(c for c in self.study.configurations if c.name in self.main)
        return replace(
            self.results,
            study=replace(self.study, configurations=chosen),
            **{
                part: self.select(getattr(self.results, part))
                for part in ("episodes", "evaluations", "runs")
            },
        )

    @property
    def id(self) -> str:
        """The environment's id."""
        return self.environment.id

    @property
    def name(self) -> str:
        """The environment's name in the study, for file names."""
        return self.environment.name

    @property
    def threshold(self) -> float | None:
        """The return at which the environment counts as solved; None if not known."""
        return benchmarks.get(self.id).threshold

    @property
    def policy(self) -> str:
        """The policy that is judged, "greedy" or "stochastic"."""
        return variations.judged_policy(self.id)

    @property
    def margins(self) -> dict[str, float]:
        """The least difference of returns that matters, for `comparisons.compare`."""
        return {self.name: benchmarks.margin(self.id)}

    @property
    def level(self) -> float | None:
        """The return below which a seed has failed; None if not known."""
        anchors = benchmarks.anchors(self.id)
        if anchors is None or self.threshold is None:
            return None
        return forgetting.failure_limit(self.threshold, anchors[0])

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the most return: of the environment, or of these runs if not known."""
        possible = benchmarks.get(self.id).returns
        if possible:
            return possible
        average = self.averages["average"]
        low, high = (average.min(), average.max()) if len(average) else (0.0, 1.0)
        return float(low), float(high if high > low else low + 1)

    @cached_property
    def final(self) -> pd.DataFrame:
        """The final score of each run."""
        return returns.final_scores(self.evaluations, self.study.steps, self.policy)

    @cached_property
    def judged(self) -> pd.DataFrame:
        """The mean return of each run's judged policy at each evaluation."""
        return returns.evaluation_curve(self.evaluations, self.policy)

    @cached_property
    def area(self) -> pd.DataFrame:
        """The mean of `judged` over all of training, for each run."""
        return returns.area_scores(self.judged, self.study.steps)

    @cached_property
    def training(self) -> pd.DataFrame:
        """The mean return of each run's last training episodes."""
        return returns.last_training_scores(self.averages)

    @cached_property
    def curves(self) -> returns.Curves:
        """The learning curves of all runs on one grid of steps."""
        return returns.curves(self.averages, returns.evenly_spaced(self.study.steps))

    def select(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Returns the rows of the main configurations."""
        if len(self.main) == len(self.study.configurations):
            return frame
        return frame[frame["configuration"].isin(list(self.main))]

    def summary(self, scores: pd.DataFrame, name: str) -> pd.DataFrame:
        """Returns `evidence.summarise` of the main configurations."""
        return evidence.summarise(self.select(scores), self.select(self.runs), name)


def load(results: Results, environment: Environment) -> EnvironmentData:
    """Returns the data of one environment."""
    episodes, evaluations, runs = (
        results.of(environment, frame)
        for frame in (results.episodes, results.evaluations, results.runs)
    )
    style = styles(results.study)
    return EnvironmentData(
        results=results,
        environment=environment,
        styles=style,
        main={name: style[name] for name in main_configurations(results.settings)},
        runs=runs,
        averages=returns.moving_average(episodes),
        evaluations=evaluations,
    )


def main_configurations(settings: Settings) -> list[str]:
    """Returns the configurations that are neither ablations nor variants of an implementation.

    Returns all if fewer than two would be left to compare.
    """
    variants = {pair.changed for pair in implementation_pairs(settings)} | set(
        apo_ablations(settings)
    )
    plain = [name for name in settings if name not in variants]
    return plain if len(plain) > 1 else list(settings)


def apo_ablations(settings: Settings) -> list[str]:
    """Returns the configurations of APO, alone or in parallel, other than the study's plain one."""
    if plain_apo_and_ppo(settings) is None:
        return []
    changed = apo_changes(settings)
    return [name for name, change in changed.items() if change and settings[name][0] != "ppo"]
