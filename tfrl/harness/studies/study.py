"""A study: environments, configurations, seeds, a number of steps and an evaluation schedule.

It is read from a TOML file and checked strictly, without TensorFlow. A mistake raises `StudyError`,
which names the file, the key, what the value must be and what it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tfrl import variations
from tfrl.harness.errors import StudyError
from tfrl.variations import DEFAULT_LEVELS, LevelConfig

Value = bool | int | float | str | tuple[int, ...]  # of a hyperparameter


@dataclass(frozen=True)
class Evaluation:
    """The schedule and the size of the evaluations of a run."""

    every: int  # environment steps between two evaluations
    episodes: int  # in each evaluation, per policy, split and variation
    every_early: int | None = None  # `every` over the first fifth of training; None: the same
    keep_policies: str = "final"  # weights that are stored: "all", "final" or "none"


@dataclass(frozen=True)
class Environment:
    """An environment and its levels, with the name that labels it in tables and figures."""

    name: str
    id: str  # such as "CartPole-v1"; environments of the same id differ in their levels
    level_config: LevelConfig = DEFAULT_LEVELS


@dataclass(frozen=True)
class Configuration:
    """A pipeline with its hyperparameters, and the name that labels it in tables and figures."""

    name: str
    pipeline: str  # a shipped pipeline's name, or "package.module:Class"
    hyperparameters: Mapping[str, Value]  # those set in the study; the others are defaults


class Group(NamedTuple):
    """The settings that all runs of one compiled trainer share."""

    environment_id: str
    num_shifted: int  # variations tested on in addition to the one trained on
    configuration: str  # the name of the configuration


@dataclass(frozen=True)
class Run:
    """A training run: the unit that is scheduled, stored and counted."""

    environment: Environment
    configuration: Configuration
    seed: int

    @property
    def group(self) -> Group:
        """The group of runs that use the same compiled trainer as this one."""
        num_shifted = len(self.environment.level_config.test)
        return Group(self.environment.id, num_shifted, self.configuration.name)

    def __str__(self) -> str:
        return f"{self.environment.name}/{self.configuration.name}/seed-{self.seed}"


@dataclass(frozen=True)
class Study:
    """A validated study file."""

    name: str  # the file's name without .toml
    path: Path
    title: str
    seeds: tuple[int, ...]
    steps: int  # environment steps of each run
    evaluation: Evaluation
    environments: tuple[Environment, ...]
    configurations: tuple[Configuration, ...]
    note: str = ""  # printed in the report; no run depends on it

    def runs(self) -> list[Run]:
        """Returns the planned runs, in the order of the file."""
        return [
            Run(environment, configuration, seed)
            for environment in self.environments
            for configuration in self.configurations
            for seed in self.seeds
        ]


def find(reference: str) -> Path:
    """Returns the path of a study, given that path or the name of a study in studies/.

    Raises `StudyError` if there is no study of that name.
    """
    folder = Path("studies")
    path = Path(reference)
    if path.suffix == ".toml":
        return path
    if (path := folder / f"{reference}.toml").is_file():
        return path
    names = ", ".join(sorted(file.stem for file in folder.glob("*.toml")))
    raise StudyError(
        f"there is no study {reference!r}: expected the path of a .toml file or the name of one "
        f"in {folder}/ ({names or 'which has none'})"
    )


def load(path: Path) -> Study:
    """Reads and checks a study file. Raises `StudyError`."""
    from tfrl.harness.studies import study_file

    file = study_file.parse(path)
    try:
        study_file.check_name(path.stem)
    except ValueError as error:
        raise StudyError(f"{path}: the name of the file {error}") from None
    evaluation = Evaluation(**dict(file.evaluation))
    every, every_early = evaluation.every, evaluation.every_early
    if file.steps % every:
        raise StudyError(f"{path}: evaluation.every must divide steps = {file.steps}, got {every}")
    if every_early and every % every_early:
        raise StudyError(
            f"{path}: evaluation.every_early must divide every = {every}, got {every_early}"
        )
    environments = []
    for name, table in file.environments.items():
        level_config = LevelConfig(table.variation, table.levels, tuple(table.test))
        try:
            variations.check(table.id, level_config)
        except LookupError as error:
            raise StudyError(f"{path}: environments.{name}: {error}") from None
        environments.append(Environment(name, table.id, level_config))
    configurations = tuple(
        Configuration(name, table.pipeline, table.model_extra or {})
        for name, table in file.configurations.items()
    )
    settings = (file.title, tuple(file.seeds), file.steps, evaluation)
    return Study(path.stem, path, *settings, tuple(environments), configurations, file.note)


def parse_seeds(text: str, name: str) -> tuple[int, ...]:
    """Returns the seeds in a string such as "0-4,7". Raises `StudyError`, which calls it `name`."""
    from tfrl.harness.studies import study_file

    return study_file.parse_seeds(text, name)
