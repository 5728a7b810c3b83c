"""The study file: what to run, as data.

A study is a TOML file naming environments, configurations (a pipeline and its hyperparameters),
seeds, a budget in environment steps and an evaluation schedule. It is checked strictly, without
TensorFlow: a mistake raises `StudyError`, naming the file, the key and what was expected.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tfrl import variations
from tfrl.harness.errors import StudyError
from tfrl.harness.studies import toml
from tfrl.harness.studies.toml import Table, show
from tfrl.variations import DEFAULT_LEVELS, LevelConfig

POLICIES_KEPT = ("all", "final", "none")
Value = bool | int | float | str | tuple[int, ...]  # of a hyperparameter

MAX_SEED = 2**31 - 1
MAX_SEEDS = 10_000
_PIPELINE = re.compile(r"[^\W\d]\w*((\.[^\W\d]\w*)*:[^\W\d]\w*)?")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]*")
_MOST_STEPS = 10**12  # more than a processor makes in years, and far from what int64 holds
_SEEDS_EXPECTED = 'whole numbers from 0 on, as "0-19", "0-4,7" or [0, 1, 2]'


@dataclass(frozen=True)
class Evaluation:
    """When a run's policies are evaluated, and on how much."""

    every: int  # environment steps between two evaluations
    episodes: int  # in each, of each policy on each split and variation
    every_early: int | None = None  # the same over the first fifth of training; None: no difference
    keep_policies: str = "final"  # which weights are stored, one of `POLICIES_KEPT`


@dataclass(frozen=True)
class Environment:
    """An environment under some conditions, and the name that labels it in tables and figures."""

    name: str
    id: str  # such as "CartPole-v1"; environments of one id differ in their conditions
    level_config: LevelConfig = DEFAULT_LEVELS


@dataclass(frozen=True)
class Configuration:
    """A pipeline with its hyperparameters, and the name that labels it in tables and figures."""

    name: str
    pipeline: str  # a shipped pipeline's name, or "package.module:Class"
    hyperparameters: Mapping[str, Value]  # those given; the rest are the pipeline's defaults


class Group(NamedTuple):
    """What runs have in common that share a compiled trainer."""

    environment_id: str
    num_shifted: int  # variations tested on beside the one trained on
    configuration: str  # its name


@dataclass(frozen=True)
class Run:
    """One training run: the unit that is scheduled, stored and counted."""

    environment: Environment
    configuration: Configuration
    seed: int

    @property
    def group(self) -> Group:
        """The group of runs that this one shares a compiled trainer with."""
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
    note: str = ""  # what its report says of how it came about; no run depends on it

    def runs(self) -> list[Run]:
        """The planned runs, in the order of the file."""
        return [
            Run(environment, configuration, seed)
            for environment in self.environments
            for configuration in self.configurations
            for seed in self.seeds
        ]


def find(reference: str) -> Path:
    """The file meant by a path to a TOML file, or by the name of a study in studies/."""
    directory = Path("studies")
    path = Path(reference)
    if path.suffix == ".toml":
        return path
    named = directory / f"{reference}.toml"
    if named.is_file():
        return named
    known = sorted(file.stem for file in directory.glob("*.toml"))
    raise StudyError(
        f"there is no study {reference!r}: expected the path of a .toml file or the name of one "
        f"in {directory}/ ({', '.join(known) or 'which has none'})"
    )


def load(path: Path) -> Study:
    """Read and check a study file. Raises `StudyError`."""
    top = toml.read(path)
    if not toml.is_name(path.stem):
        raise StudyError(f"{path}: a study's file is named with {toml.NAME_EXPECTED}")
    title = top.take("title", _text, "a string on one line")
    note = " ".join(top.take("note", _paragraph, "a text", "").split())
    seeds = _seeds(top.take("seeds", _text_or_list, _SEEDS_EXPECTED), f"{path}: seeds")
    steps = top.take("steps", _steps, f"a whole number of environment steps, 1 to {_MOST_STEPS:,}")
    evaluation = _evaluation(top.table("evaluation"), steps)
    environments = _environments(top.table("environments"))
    configurations = _configurations(top.table("configurations"))
    top.finish()
    return Study(
        path.stem, path, title, seeds, steps, evaluation, environments, configurations, note
    )


def parse_seeds(text: str, name: str) -> tuple[int, ...]:
    """Seeds written as `"0-19"` or `"0-4,7"`. Raises `StudyError`, which calls them `name`."""
    return _seeds(text, name)


def _evaluation(table: Table, steps: int) -> Evaluation:
    every = table.take(
        "every",
        lambda value: _positive(value) and steps % value == 0,
        f"a whole number of environment steps that divides steps = {steps}",
    )
    episodes = table.take("episodes", _positive, "a whole number of episodes, at least 1")
    every_early = table.take(
        "every_early",
        lambda value: _positive(value) and every % value == 0,
        f"a whole number of environment steps that divides every = {every}",
        None,
    )
    keep_policies = table.take(
        "keep_policies",
        lambda value: value in POLICIES_KEPT,
        f"one of {', '.join(map(show, POLICIES_KEPT))}",
        "final",
    )
    table.finish()
    return Evaluation(every, episodes, every_early, keep_policies)


def _environments(table: Table) -> tuple[Environment, ...]:
    return tuple(_environment(name, table) for name in table.names())


def _environment(name: str, table: Table) -> Environment:
    """An environment in the short form, which is its id, or as a table."""
    expected = 'the id of an environment, such as "CartPole-v1"'
    if not isinstance(table.left[name], dict):
        return Environment(
            name, table.take(name, _environment_id, f"{expected}, or a table with one")
        )
    own = table.table(name)
    environment_id = own.take("id", _environment_id, expected)
    given = LevelConfig(
        own.take(
            "variation", _text, 'the name of a variation, such as "R"', variations.DEFAULT_VARIATION
        ),
        own.take("levels", _positive, "a whole number of levels, at least 1", None),
        tuple(own.take("test", _texts, 'a list of variations, such as ["R", "E"]', ())),
    )
    own.finish()
    try:
        variations.check(environment_id, given)
    except LookupError as error:
        raise StudyError(f"{table.path}: {table.name}{name}: {error}") from None
    return Environment(name, environment_id, given)


def _configurations(table: Table) -> tuple[Configuration, ...]:
    """The tables in it; what stands beside them holds for each that does not say otherwise."""
    beside = [key for key, value in table.left.items() if not isinstance(value, dict)]
    shared = _hyperparameters(table, beside)
    if not table.left:
        expected = "expected at least one, such as [configurations.ppo]"
        raise StudyError(f"{table.path}: configurations has no table: {expected}")
    return tuple(_configuration(name, table.table(name), shared) for name in table.names())


def _configuration(name: str, table: Table, shared: Mapping[str, Value]) -> Configuration:
    expected = 'the name of a pipeline, such as "ppo", or "package.module:Class"'
    table.left = {**shared, **table.left}
    pipeline = table.take("pipeline", _pipeline, expected)
    return Configuration(name, pipeline, _hyperparameters(table, list(table.left)))


def _hyperparameters(table: Table, keys: Iterable[str]) -> dict[str, Value]:
    expected = "a finite number, true or false, a text, or a list of whole numbers"
    values = {key: table.take(key, _hyperparameter, expected) for key in keys}
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }


def _seeds(value: str | list[Any], name: str) -> tuple[int, ...]:
    def error(problem: str) -> StudyError:
        return StudyError(f"{name} {problem}: expected {_SEEDS_EXPECTED}")

    parts = value.split(",") if isinstance(value, str) else value
    seeds: list[int] = []
    for part in parts:
        span = _span(part) if isinstance(value, str) else _one(part)
        if span is None:
            raise error(f"has {show(part)}")
        if len(seeds) + len(span) > MAX_SEEDS:
            raise error(f"names more than {MAX_SEEDS} seeds")
        seeds.extend(span)
    if not seeds:
        raise error("is empty")
    for seed, times in Counter(seeds).items():
        if times > 1:
            raise error(f"names {seed} more than once")
    return tuple(seeds)


def _span(part: str) -> range | None:
    """The seeds of `"7"` or `"0-4"`; None if it is neither."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part, re.ASCII)
    if not match:
        return None
    first, last = int(match[1]), int(match[2] or match[1])
    return range(first, last + 1) if first <= last <= MAX_SEED else None


def _one(seed: Any) -> range | None:
    return range(seed, seed + 1) if _is_integer(seed) and 0 <= seed <= MAX_SEED else None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _steps(value: Any) -> bool:
    return _positive(value) and value <= _MOST_STEPS


def _positive(value: Any) -> bool:
    return _is_integer(value) and value > 0


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _paragraph(value: Any) -> bool:
    return isinstance(value, str) and " ".join(value.split()).isprintable()


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _environment_id(value: Any) -> bool:
    return isinstance(value, str) and bool(_ENVIRONMENT.fullmatch(value))


def _pipeline(value: Any) -> bool:
    return isinstance(value, str) and bool(_PIPELINE.fullmatch(value))


def _text_or_list(value: Any) -> bool:
    return isinstance(value, str | list)


def _hyperparameter(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_integer, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | int | str)
