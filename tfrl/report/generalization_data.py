"""The data of all environments of one id, which differ in the levels that they train on."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from tfrl import variations
from tfrl.analysis import benchmarks, generalization, level_variance, overfitting
from tfrl.analysis.overfitting import HELD_OUT, Measure
from tfrl.analysis.returns import GROUP
from tfrl.harness.store.stored_results import Results
from tfrl.harness.studies.study import Environment, Study
from tfrl.report.estimates import PERCENT, PLAIN, POINTS, Unit
from tfrl.report.style import Styles
from tfrl.variations import LevelConfig


@dataclass(frozen=True)
class GeneralizationData:
    """The runs of all environments of one id; evaluations and runs hold those only.

    The environments differ in the variation of the physics, or the levels, that they train on.
    """

    id: str
    name: str  # for file names
    results: Results  # of these environments
    styles: Styles  # of the configurations that the questions are about
    environments: tuple[Environment, ...]

    @property
    def study(self) -> Study:
        """The whole study."""
        return self.results.study

    @property
    def steps(self) -> int:
        """The budget of a run."""
        return self.study.steps

    @property
    def policy(self) -> str:
        """The policy that is judged, "greedy" or "stochastic"."""
        return variations.judged_policy(self.id)

    @property
    def success(self) -> float | None:
        """The least return of an episode that succeeds; None if not known."""
        return benchmarks.get(self.id).success

    @property
    def measure(self) -> Measure:
        """Success, or the return if success is not known."""
        return overfitting.success(self.id) or overfitting.mean_return(self.id)

    @property
    def noun(self) -> str:
        """The name of the measure: "success" or "return"."""
        return self.measure.column

    @property
    def unit(self) -> Unit:
        """The unit of scores."""
        return PERCENT if self.noun == "success" else PLAIN

    @property
    def points(self) -> Unit:
        """The unit of differences of scores."""
        return POINTS if self.noun == "success" else PLAIN

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the most possible score; infinite if not known."""
        known = np.isfinite(self.measure.low)
        return (self.measure.low, self.measure.high) if known else (-np.inf, np.inf)

    @cached_property
    def floors(self) -> dict[str, float]:
        """The score of the best constant action, by variation."""
        return overfitting.floors(self.id, self.measure)

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label of each environment by name, from what they differ in: "R", "10 levels"."""
        differ = {
            part: len({getattr(e.level_config, part) for e in self.environments}) > 1
            for part in ("variation", "levels")
        }
        labels = {}
        for environment in self.environments:
            trained = environment.level_config
            parts = [trained.variation] if differ["variation"] else []
            if differ["levels"]:
                parts.append(f"{trained.levels:,} levels" if trained.levels else "unbounded levels")
            labels[environment.name] = ", ".join(parts) or environment.name
        unique = len(set(labels.values())) == len(labels)
        return labels if unique else {name: name for name in labels}

    @property
    def finite(self) -> tuple[Environment, ...]:
        """The environments that train on a finite number of levels, from few to many."""
        finite = [e for e in self.environments if e.level_config.levels is not None]
        return tuple(sorted(finite, key=lambda e: e.level_config.num_levels))

    @property
    def several_levels(self) -> bool:
        """True if the environments differ in the number of levels."""
        return len({environment.level_config.levels for environment in self.environments}) > 1

    @property
    def variations(self) -> tuple[str, ...]:
        """All variations trained or tested on, in the environment's order, without the grid."""
        met = {
            v for e in self.environments for v in (e.level_config.variation, *e.level_config.test)
        }
        return tuple(v for v in variations.names(self.id) if v in met - {variations.GRID})

    @cached_property
    def scores(self) -> pd.DataFrame:
        """The output of `overfitting.scores`."""
        return overfitting.scores(self.results.evaluations, self.success)

    @cached_property
    def matrix(self) -> pd.DataFrame:
        """The output of `generalization.matrix` at the end of training."""
        return generalization.matrix(self.scores, self.steps, self.policy)

    @property
    def gaps(self) -> pd.DataFrame:
        """The judged gaps of each seed, like `overfitting.gaps`.

        On unseen levels, and on variations where other runs were trained: there, the gap is the
        score of those other runs minus the score of this one.
        """
        return self._gaps[0]

    @property
    def plain_differences(self) -> pd.DataFrame:
        """The differences to scores on other variations, like `overfitting.gaps`; not judged."""
        return self._gaps[1]

    @cached_property
    def gaps_in_return(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both kinds of gaps, of the return at the last evaluation."""
        last = self.scores[self.scores["step"] == self.steps]
        return self._gaps_of(last, overfitting.mean_return(self.id))

    @cached_property
    def _gaps(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        return self._gaps_of(self.scores, self.measure)

    def _gaps_of(self, scores: pd.DataFrame, measure: Measure) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Returns the gaps that are judged, and the plain differences to other variations."""
        floors = overfitting.floors(self.id, measure)
        gaps = overfitting.gaps(scores, measure, floors)
        unseen = gaps["tested"] == HELD_OUT
        counts = {e.name: float(e.level_config.num_levels) for e in self.environments}
        lost = generalization.lost(scores, measure, floors, counts)
        return pd.concat([gaps[unseen], lost], ignore_index=True), gaps[~unseen]

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The output of `overfitting.verdicts` for `gaps` at the last evaluation, both policies.

        Gaps on unseen levels are one family of tests, gaps on other variations are another.
        """
        end = self.gaps[self.gaps["step"] == self.steps]
        unseen = end["tested"] == HELD_OUT
        return pd.concat(
            [
                overfitting.verdicts(part, self.measure, self.num_tests(part), self.level_scores)
                for part in (end[unseen], end[~unseen])
            ],
            ignore_index=True,
        )

    @cached_property
    def level_scores(self) -> pd.DataFrame:
        """The output of `level_variance.level_scores` for `finite`."""
        finite = self.results.evaluations["environment"].isin([e.name for e in self.finite])
        return level_variance.level_scores(
            self.results.evaluations[finite], self.noun, self.success
        )

    def num_tests(self, gaps: pd.DataFrame) -> int:
        """Returns the number of tests among these gaps, for one policy at one evaluation."""
        return max(len(gaps[[*GROUP, "tested"]].drop_duplicates()), 1)

    def judged_policy(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Returns the rows of the policy that is judged."""
        return frame[frame["policy"] == self.policy]

    def final(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Returns the rows of the judged policy at the last evaluation."""
        return self.judged_policy(frame[frame["step"] == self.steps])

    def unbounded(self, variation: str) -> Environment | None:
        """Returns the first environment that trains on all levels of a variation."""
        conditions = (variation, None)
        return next(
            (
                e
                for e in self.environments
                if (e.level_config.variation, e.level_config.levels) == conditions
            ),
            None,
        )


def varies_training(study: Study) -> bool:
    """Returns whether a study trains on other levels or physics than usual."""
    usual = LevelConfig()
    return any(replace(e.level_config, test=usual.test) != usual for e in study.environments)


def load_all(results: Results, styles: Styles) -> tuple[GeneralizationData, ...]:
    """Returns the data of each id of the study, in its order."""
    ids = dict.fromkeys(environment.id for environment in results.study.environments)
    return tuple(
        load(results, styles, tuple(e for e in results.study.environments if e.id == one))
        for one in ids
    )


def load(
    results: Results, styles: Styles, environments: Collection[Environment]
) -> GeneralizationData:
    """Returns the data of some environments of one id."""
    names = [environment.name for environment in environments]
    frames = {
        part: frame[frame["environment"].isin(names)]
        for part in ("evaluations", "runs")
        for frame in [getattr(results, part)]
    }
    first = next(iter(environments))
    return GeneralizationData(
        id=first.id,
        name=first.name if len(environments) == 1 else first.id,
        results=replace(results, **frames),
        styles=styles,
        environments=tuple(environments),
    )
