"""The tables of a study file as pydantic models.

The description of a field completes "KEY must be ...", the sentence for a wrong or missing value.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Predicate
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError

from tfrl.harness.errors import StudyError
from tfrl.harness.studies import toml
from tfrl.harness.studies.study import Value
from tfrl.harness.studies.validation import explain, requirement
from tfrl.variations import DEFAULT_VARIATION

MAX_SEED = 2**31 - 1
MAX_SEEDS = 10_000
MAX_STEPS = 10**12  # years of one processor, and far below the limit of int64
SEEDS = f'1 to {MAX_SEEDS:,} integers from 0 on, such as "0-19", "0-4,7" or [0, 1, 2]'
POSITIVE = "a positive integer"
_IDENTIFIER = r"[^\W\d]\w*"
_VALUE: TypeAdapter[Value] = TypeAdapter(Value, config={"strict": True, "allow_inf_nan": False})


def check_name(name: str) -> str:
    """Returns a name if it can safely be the name of a folder. Raises ValueError if not."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise ValueError(
            "must be letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
        )
    return name


def check_hyperparameter(value: Any) -> Value:
    """Returns a value that a study may set, a list as a tuple. Raises ValueError."""
    try:
        return _VALUE.validate_python(tuple(value) if isinstance(value, list) else value)
    except ValidationError:
        expected = "a finite number, true or false, a string, or a list of integers"
        raise ValueError(f"must be {expected}") from None


def _expand_seeds(value: Any) -> Any:
    """Returns the seeds of a string such as "0-4,7", and any other value unchanged."""
    if not isinstance(value, str):
        return value
    seeds: list[int] = []
    for part in value.split(","):
        match = re.fullmatch(r"\s*(\d{1,10})\s*(?:-\s*(\d{1,10})\s*)?", part, re.ASCII)
        span = range(int(match[1]), int(match[2] or match[1]) + 1) if match else ()
        if not span or len(seeds) + len(span) > MAX_SEEDS:
            raise ValueError(f"must be {SEEDS}")
        seeds.extend(span)
    return seeds


def _check_distinct(seeds: list[int]) -> list[int]:
    (seed, count), *_ = Counter(seeds).most_common(1)
    if count > 1:
        raise ValueError(f"must not repeat {seed}")
    return seeds


def _expand_id(value: Any) -> Any:
    """Returns the table of an environment for its short form, which is the id alone."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"id": value}
    raise ValueError('must be the id of an environment, such as "CartPole-v1", or a table with one')


def _share(value: Any) -> Any:
    """Copies the values directly under [configurations] into each table that does not set them."""
    if not isinstance(value, dict):
        return value
    shared = {key: item for key, item in value.items() if not isinstance(item, dict)}
    return {name: {**shared, **item} for name, item in value.items() if isinstance(item, dict)}


Name = Annotated[str, AfterValidator(check_name)]
Count = Annotated[int, Field(gt=0, description=POSITIVE)]
Line = Annotated[
    str, Field(pattern=r"\S", description="a one-line string"), Predicate(str.isprintable)
]
Paragraph = Annotated[
    str, AfterValidator(lambda text: " ".join(text.split())), Predicate(str.isprintable)
]
Seeds = Annotated[
    list[Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)]],
    Field(min_length=1, max_length=MAX_SEEDS, description=SEEDS),
    BeforeValidator(_expand_seeds),
    AfterValidator(_check_distinct),
]


class Table(BaseModel, extra="forbid", strict=True):
    """A table without unknown keys and without conversions between types."""


class EvaluationTable(Table):
    """The table [evaluation]."""

    every: Count
    episodes: Count
    every_early: Count | None = Field(None, description=POSITIVE)
    keep_policies: Literal["all", "final", "none"] = "final"


class EnvironmentTable(Table):
    """A table such as [environments.cartpole]."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:/-]*$",
        description='the id of an environment, such as "CartPole-v1"',
    )
    variation: Line = Field(DEFAULT_VARIATION, description='the name of a variation, such as "R"')
    levels: Count | None = Field(None, description=POSITIVE)
    test: list[Line] = Field([], description='a list of variations, such as ["R", "E"]')


class ConfigurationTable(Table, extra="allow"):
    """A table such as [configurations.ppo]. Its hyperparameters are in `model_extra`."""

    __pydantic_extra__: dict[str, Annotated[Any, BeforeValidator(check_hyperparameter)]]
    pipeline: str = Field(
        pattern=rf"^{_IDENTIFIER}((\.{_IDENTIFIER})*:{_IDENTIFIER})?$",
        description='the name of a pipeline, such as "ppo", or "package.module:Class"',
    )


class StudyFile(Table):
    """A whole study file."""

    title: Line
    note: Paragraph = Field("", description="a string")
    seeds: Seeds
    steps: Count = Field(le=MAX_STEPS, description=f"{POSITIVE} up to {MAX_STEPS:,}")
    evaluation: EvaluationTable = Field(description="the table [evaluation]")
    environments: dict[Name, Annotated[EnvironmentTable, BeforeValidator(_expand_id)]] = Field(
        min_length=1, description="a table with at least one environment, [environments]"
    )
    configurations: Annotated[dict[Name, ConfigurationTable], BeforeValidator(_share)] = Field(
        min_length=1, description="tables, at least one, such as [configurations.ppo]"
    )


_TABLES: dict[str, type[BaseModel]] = {
    "": StudyFile,
    "evaluation": EvaluationTable,
    "environments": EnvironmentTable,
    "configurations": ConfigurationTable,
}


def parse(path: Path) -> StudyFile:
    """Reads and checks a study file. Raises `StudyError`."""
    try:
        return StudyFile.model_validate(toml.read(path))
    except ValidationError as error:
        raise StudyError(f"{path}: {explain(error, _TABLES)}") from None


def parse_seeds(text: str, name: str) -> tuple[int, ...]:
    """Returns the seeds in a string such as "0-4,7". Raises `StudyError`, which calls it `name`."""
    try:
        return tuple(TypeAdapter(Seeds).validate_python(text))
    except ValidationError as error:
        problem = requirement(error.errors()[0], SEEDS)
        raise StudyError(f"{name} {problem}, got {toml.show(text)}") from None
