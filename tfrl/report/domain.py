"""All environments of one id: what the questions about overfitting start from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from tfrl import variations
from tfrl.analysis import benchmarks, comparisons, generalization, levels, overfitting
from tfrl.analysis.overfitting import HELD_OUT, Measure
from tfrl.analysis.returns import GROUP, RUN
from tfrl.harness.store.stored_results import Results
from tfrl.harness.studies.study import Environment, Study
from tfrl.report.measured import PERCENT, PLAIN, POINTS, Unit
from tfrl.report.style import Looks
from tfrl.variations import LevelConfig


@dataclass(frozen=True)
class Domain:
    """What the runs of all environments of one id say; evaluations and runs hold those only.

    They differ in what they are trained on: a variation of the physics, or a number of levels.
    """

    id: str
    name: str  # for slugs
    results: Results  # of those environments
    looks: Looks  # of the configurations to speak of
    environments: tuple[Environment, ...]
    labels: Mapping[str, str]  # by name of the environment: "R", "10 levels"

    @property
    def study(self) -> Study:
        """The whole study."""
        return self.results.study

    @property
    def policy(self) -> str:
        """The policy that is judged, "greedy" or "stochastic"."""
        return variations.judged_policy(self.id)

    @property
    def measure(self) -> Measure:
        """Success, or the return where it is not known what success is."""
        return overfitting.success(self.id) or overfitting.mean_return(self.id)

    @property
    def unit(self) -> Unit:
        """How its scores are written."""
        return PERCENT if self.measure.column == "success" else PLAIN

    @property
    def points(self) -> Unit:
        """How differences of its scores are written."""
        return POINTS if self.measure.column == "success" else PLAIN

    @property
    def finite(self) -> tuple[Environment, ...]:
        """The environments that train on a finite number of levels, from few to many."""
        found = [e for e in self.environments if e.level_config.levels is not None]
        return tuple(sorted(found, key=lambda e: e.level_config.num_levels))

    @property
    def several_levels(self) -> bool:
        """Whether its environments differ in the number of levels."""
        return len({environment.level_config.levels for environment in self.environments}) > 1

    @property
    def variations(self) -> tuple[str, ...]:
        """All that is trained on or tested on, in the environment's order, without the grid."""
        met = {
            v for e in self.environments for v in (e.level_config.variation, *e.level_config.test)
        }
        return tuple(v for v in variations.names(self.id) if v in met - {variations.GRID})

    @cached_property
    def scores(self) -> pd.DataFrame:
        """As `overfitting.scores`."""
        return overfitting.scores(self.results.evaluations, benchmarks.get(self.id).success)

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """As `overfitting.gaps`: to unseen levels, and what is lost on a variation.

        The latter by not having been trained on it, where other runs were.
        """
        return self._gaps(self.measure)[0]

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """As `overfitting.verdicts`, of `gaps` at the last evaluation, of both policies.

        Those to unseen levels are a family, and those on other variations are another.
        """
        end = self.gaps[self.gaps["step"] == self.study.steps]
        unseen = end["tested"] == HELD_OUT
        return pd.concat(
            [
                overfitting.verdicts(part, self.measure, self.family(part), self.played)
                for part in (end[unseen], end[~unseen])
            ],
            ignore_index=True,
        )

    def family(self, gaps: pd.DataFrame) -> int:
        """How many verdicts are asked of these gaps, of one policy at one evaluation."""
        return max(len(gaps[[*GROUP, "tested"]].drop_duplicates()), 1)

    @cached_property
    def plain(self) -> pd.DataFrame:
        """As `overfitting.gaps`: plain differences to other variations."""
        return self._gaps(self.measure)[1]

    @cached_property
    def played(self) -> pd.DataFrame:
        """As `levels.played`, of the environments whose levels are finite."""
        finite = self.results.evaluations["environment"].isin([e.name for e in self.finite])
        return levels.played(
            self.results.evaluations[finite], self.measure.column, benchmarks.get(self.id).success
        )

    @cached_property
    def gaps_in_return(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Both kinds of gaps, of the return at the last evaluation."""
        return self._gaps(overfitting.mean_return(self.id), last=True)

    def _gaps(self, measure: Measure, last: bool = False) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Those that are judged, and the plain differences to other variations."""
        floors = overfitting.floors(self.id, measure)
        scores = self.scores
        scores = scores[scores["step"] == self.study.steps] if last else scores
        found = overfitting.gaps(scores, measure, floors)
        unseen = found["tested"] == HELD_OUT
        counts = {e.name: float(e.level_config.num_levels) for e in self.environments}
        lost = generalization.lost(scores, measure, floors, counts)
        return pd.concat([found[unseen], lost], ignore_index=True), found[~unseen]

    def compared(self, gaps: pd.DataFrame) -> pd.DataFrame:
        """As `comparisons.compare`: each two agents by these gaps, of seeds that learned."""
        scores = gaps.loc[gaps["learned"], [*RUN, "gap"]].rename(columns={"gap": "score"})
        margins = dict.fromkeys(self.labels, self.measure.margin)
        return comparisons.compare(scores, margins)

    def judged(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the policy that is judged."""
        return frame[frame["policy"] == self.policy]

    def last(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Those of them at the last evaluation."""
        return self.judged(frame[frame["step"] == self.study.steps])

    def of(self, name: str) -> Environment:
        """The environment of that name."""
        return next(e for e in self.environments if e.name == name)

    def unbounded(self, variation: str) -> Environment | None:
        """The first environment that trains on all levels of a variation."""
        wanted = (variation, None)
        fits = (e for e in self.environments if _trained(e) == wanted)
        return next(fits, None)


def _trained(environment: Environment) -> tuple[str, int | None]:
    return environment.level_config.variation, environment.level_config.levels


def asks_about_overfitting(study: Study) -> bool:
    """Whether it is trained on other conditions than usual; tests on more are but one section."""
    usual = LevelConfig()
    return any(replace(e.level_config, test=usual.test) != usual for e in study.environments)


def outcome(verdicts: Collection[str], seeds: int, least: int) -> str:
    """What the gaps of several agents say together.

    Args:
      verdicts: as `overfitting.verdicts` has them, or "idle" where too little was learned.
      seeds: that learned, of the agent with most.
      least: seeds that a verdict takes.

    Returns:
      "gap" if one is sure, "none" if none matters, "undecided", "too few" or "idle".
    """
    if set(verdicts) <= {"idle"}:
        return "idle"
    if "gap" in verdicts:
        return "gap"
    if seeds < least:
        return "too few"
    return "none" if set(verdicts) <= {"none", "reverse", "idle"} else "undecided"


def domains(results: Results, looks: Looks) -> tuple[Domain, ...]:
    """The environments of the study by id, in its order."""
    ids = dict.fromkeys(environment.id for environment in results.study.environments)
    return tuple(
        domain(results, looks, tuple(e for e in results.study.environments if e.id == one))
        for one in ids
    )


def domain(results: Results, looks: Looks, environments: tuple[Environment, ...]) -> Domain:
    """Some environments of one id."""
    names = [environment.name for environment in environments]
    own = {
        part: frame[frame["environment"].isin(names)]
        for part in ("evaluations", "runs")
        for frame in [getattr(results, part)]
    }
    return Domain(
        id=environments[0].id,
        name=environments[0].name if len(environments) == 1 else environments[0].id,
        results=replace(results, **own),
        looks=looks,
        environments=environments,
        labels=labels(environments),
    )


def labels(environments: tuple[Environment, ...]) -> dict[str, str]:
    """What each environment is called beside others of its id: by what they differ in."""
    several = {
        part: len({getattr(e.level_config, part) for e in environments}) > 1
        for part in ("variation", "levels")
    }
    found = {}
    for environment in environments:
        trained = environment.level_config
        parts = [trained.variation] if several["variation"] else []
        if several["levels"]:
            parts.append(f"{trained.levels:,} levels" if trained.levels else "unbounded levels")
        found[environment.name] = ", ".join(parts) or environment.name
    unique = len(set(found.values())) == len(found)
    return found if unique else {environment.name: environment.name for environment in environments}
