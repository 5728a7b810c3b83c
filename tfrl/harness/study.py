"""The study file: what to run, as data.

A study is a TOML file naming environments, configurations (a pipeline and its hyperparameters),
seeds, a budget in environment steps and an evaluation schedule. It is checked strictly, without
TensorFlow: a mistake raises `StudyError`, naming the file, the key and what was expected.
"""

import difflib
import math
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrl.harness.errors import StudyError

Value = bool | int | float | str | tuple[int, ...]  # of a hyperparameter
Group = tuple[str, str]  # names of environment and configuration

MAX_SEED = 2**31 - 1
MAX_SEEDS = 10_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PIPELINE = re.compile(r"[^\W\d]\w*((\.[^\W\d]\w*)*:[^\W\d]\w*)?")
_NAME_EXPECTED = "letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
_SEEDS_EXPECTED = 'whole numbers from 0 on, as "0-19", "0-4,7" or [0, 1, 2]'


@dataclass(frozen=True)
class Evaluation:
    """When the greedy policy is evaluated, and on how much."""

    every: int  # environment steps between two evaluations
    episodes: int  # episodes in each


@dataclass(frozen=True)
class Environment:
    """An environment and the name that labels it in tables and figures."""

    name: str
    id: str  # as Gymnasium knows it, such as "CartPole-v1"


@dataclass(frozen=True)
class Configuration:
    """A pipeline with its hyperparameters, and the name that labels it in tables and figures."""

    name: str
    pipeline: str  # a shipped pipeline's name, or "package.module:Class"
    hyperparameters: Mapping[str, Value]  # those given; the rest are the pipeline's defaults


@dataclass(frozen=True)
class Run:
    """One training run: the unit that is scheduled, stored and counted."""

    environment: Environment
    configuration: Configuration
    seed: int

    @property
    def group(self) -> Group:
        """Runs that differ only in their seed: they share a compiled trainer."""
        return self.environment.name, self.configuration.name

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

    def runs(self) -> list[Run]:
        """The planned runs, in the order of the file."""
        return [
            Run(environment, configuration, seed)
            for environment in self.environments
            for configuration in self.configurations
            for seed in self.seeds
        ]


def find(reference: str, directory: Path = Path("studies")) -> Path:
    """The file meant by a path to a TOML file, or by the name of a study in `directory`."""
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
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path}: expected TOML, but: {error}") from None
    except UnicodeDecodeError:
        raise StudyError(f"{path}: expected TOML, which is UTF-8 text, but it is not") from None
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from None

    if not _NAME.fullmatch(path.stem):
        raise StudyError(f"{path}: a study's file is named with {_NAME_EXPECTED}")
    top = _Table(path, "", values)
    title = top.take("title", _text, "a text of at least one character")
    seeds = _seeds(top.take("seeds", _text_or_list, _SEEDS_EXPECTED), f"{path}: seeds")
    steps = top.take("steps", _positive, "a whole number of environment steps, at least 1")
    evaluation = _evaluation(top.table("evaluation"), steps)
    environments = _environments(top.table("environments"))
    configurations = _configurations(top.table("configurations"))
    top.finish()
    return Study(path.stem, path, title, seeds, steps, evaluation, environments, configurations)


def parse_seeds(text: str, name: str) -> tuple[int, ...]:
    """Seeds written as `"0-19"` or `"0-4,7"`. Raises `StudyError`, which calls them `name`."""
    return _seeds(text, name)


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key that is none of `known`, with the likeliest meant."""
    known = list(known)
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected {', '.join(known) or 'none'}"


def show(value: Any) -> str:
    """A TOML value in an error message: short, and as it is written in TOML but for tables."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = f"[{', '.join(map(show, value))}]" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Table:
    """A TOML table being read: each key is taken once, and none may be left over."""

    def __init__(self, path: Path, name: str, values: Mapping[str, Any]) -> None:
        self.path, self.name = path, name
        self.left = dict(values)
        self.taken: list[str] = []

    def error(self, key: str, problem: str) -> StudyError:
        return StudyError(f"{self.path}: {self.name}{key} {problem}")

    def take(self, key: str, valid: Callable[[Any], bool], expected: str) -> Any:
        self.taken.append(key)
        if key not in self.left:
            close = difflib.get_close_matches(key, self.left, n=1)
            hint = f" (is {close[0]} meant to be it?)" if close else ""
            raise self.error(key, f"is missing{hint}: expected {expected}")
        value = self.left.pop(key)
        if not valid(value):
            raise self.error(key, f"is {show(value)}: expected {expected}")
        return value

    def table(self, key: str) -> "_Table":
        expected = f"a table, [{self.name}{key}]"
        values = self.take(key, lambda value: isinstance(value, dict), expected)
        return _Table(self.path, f"{self.name}{key}.", values)

    def names(self) -> list[str]:
        """The keys left: at least one, and each safe as a folder's name."""
        if not self.left:
            raise StudyError(f"{self.path}: {self.name[:-1]} is empty: expected at least one entry")
        for key in self.left:
            if not _NAME.fullmatch(key):
                raise self.error(repr(key), f"is no usable name: expected {_NAME_EXPECTED}")
        return list(self.left)

    def finish(self) -> None:
        for key in self.left:
            raise self.error(key, f"is not known: {unknown_key(key, self.taken)}")


def _evaluation(table: _Table, steps: int) -> Evaluation:
    every = table.take(
        "every",
        lambda value: _positive(value) and steps % value == 0,
        f"a whole number of environment steps that divides steps = {steps}",
    )
    episodes = table.take("episodes", _positive, "a whole number of episodes, at least 1")
    table.finish()
    return Evaluation(every, episodes)


def _environments(table: _Table) -> tuple[Environment, ...]:
    expected = 'the id of an environment, such as "CartPole-v1"'
    return tuple(Environment(name, table.take(name, _text, expected)) for name in table.names())


def _configurations(table: _Table) -> tuple[Configuration, ...]:
    return tuple(_configuration(name, table.table(name)) for name in table.names())


def _configuration(name: str, table: _Table) -> Configuration:
    expected = 'the name of a pipeline, such as "ppo", or "package.module:Class"'
    pipeline = table.take("pipeline", _pipeline, expected)
    expected = "a finite number, true or false, a text, or a list of whole numbers"
    values = {key: table.take(key, _hyperparameter, expected) for key in list(table.left)}
    hyperparameters = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Configuration(name, pipeline, hyperparameters)


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


def _positive(value: Any) -> bool:
    return _is_integer(value) and value > 0


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _pipeline(value: Any) -> bool:
    return isinstance(value, str) and bool(_PIPELINE.fullmatch(value))


def _text_or_list(value: Any) -> bool:
    return isinstance(value, str | list)


def _hyperparameter(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_integer, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool | int | str)
