"""The hyperparameters of a configuration, checked against the `Config` of its pipeline."""

import contextlib
import dataclasses
import inspect
import itertools
import os
import re
import typing
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from tfrl.harness.errors import StudyError
from tfrl.harness.studies.aliases import suggest
from tfrl.harness.studies.study import Configuration, Value
from tfrl.harness.studies.study_file import check_hyperparameter
from tfrl.harness.studies.toml import show
from tfrl.harness.studies.validation import requirement

_BYTES_OF_FRAME = 28  # two step types, reward, discount, action, and an observation of one number
_BYTES_OF_WEIGHT = 12  # float32, and Adam's two moments
_FIELD = re.compile(r"    (?P<name>\w+): [^#]*=[^#]*# (?P<comment>.*)")


def defaults(config: Any, where: str) -> dict[str, Any]:
    """Returns the default of every hyperparameter in `config`, the `Config` of a pipeline.

    Raises `StudyError`, which begins with `where`, if `config` is not a dataclass, or if a field
    has no default, or one that a study could not set.
    """
    name = getattr(config, "__qualname__", repr(config))
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        raise StudyError(f"{where}: Config of the pipeline must be a dataclass, got {name}")
    values = {}
    for field in dataclasses.fields(config):
        if not field.init:
            continue
        value = field.default
        if field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        if value is dataclasses.MISSING:
            raise StudyError(f"{where}: {name}.{field.name} must have a default")
        try:
            if value is not None:
                check_hyperparameter(value)
        except ValueError as error:
            raise StudyError(
                f"{where}: the default of {name}.{field.name} {error} (or None), got {show(value)}"
            ) from None
        values[field.name] = value
    return values


def resolve(configuration: Configuration, config: Any, where: str) -> dict[str, Any]:
    """Returns every hyperparameter of a configuration: set in the study, or else the default.

    `config` is the `Config` of the pipeline. An integer becomes a float if the field is a float.
    Raises `StudyError`, which begins with `where`, for an unknown key or an invalid value.
    """
    values = defaults(config, where)
    try:
        types = typing.get_type_hints(config, include_extras=True)
    except NameError as error:
        raise StudyError(f"{where}: a type in {config.__qualname__} is unknown: {error}") from None
    for key, value in configuration.hyperparameters.items():
        if key not in values:
            problem = f"{configuration.pipeline} has no hyperparameter {key}"
            raise StudyError(f"{where}: {problem} ({suggest(key, values)})")
        try:
            values[key] = _convert(value, types[key])
        except ValueError as error:
            raise StudyError(f"{where}.{key} {error}, got {show(value)}") from None
    try:
        made = config(**values)
    except ValueError as error:
        raise StudyError(f"{where}: {error}") from None
    _check_memory(made, where)
    return values


def _convert(value: Value, annotation: Any) -> Any:
    """Returns a value checked against the type of its field; an integer becomes a float for float.

    Raises ValueError, which begins with "must".
    """
    try:
        converted = TypeAdapter(annotation).validate_python(value, strict=True)
    except ValidationError as error:
        first, *others = dict.fromkeys(map(requirement, error.errors()))  # one for each type
        raise ValueError(
            " or ".join([first, *(text.removeprefix("must be ") for text in others)])
        ) from None
    except PydanticUserError:
        raise ValueError(f"must not be set in a study, as its type is {annotation}") from None
    if isinstance(value, bool) and not isinstance(converted, bool):  # Literal[1] accepts True
        raise ValueError("must not be true or false")
    return converted


def _check_memory(config: Any, where: str) -> None:
    """Raises `StudyError` if frames and weights cannot fit into this machine's memory.

    This is a lower bound: only a run shows what it needs.
    """
    frames = getattr(config, "frames_in_memory", 0)
    layers = getattr(config, "fc_layer_params", ())
    weights = sum(inputs * units for inputs, units in itertools.pairwise((1, *layers, 1)))
    needed = frames * _BYTES_OF_FRAME + weights * _BYTES_OF_WEIGHT
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise StudyError(
            f"{where}: its {frames:,} frames and {weights:,} weights take at least {needed:,} "
            f"bytes: the memory of this machine is {memory:,} bytes"
        )


def comments(config: type) -> dict[str, str]:
    """Returns the comment on the line of each field of a dataclass, read from its source."""
    texts: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        with contextlib.suppress(OSError, TypeError):
            for line in inspect.getsource(cls).splitlines():
                if match := _FIELD.match(line):
                    texts[match["name"]] = match["comment"]
    return texts


def source(config: type) -> str:
    """Returns the first paragraph of a dataclass's docstring: the source of its defaults."""
    return inspect.cleandoc(config.__doc__ or "").partition("\n\n")[0]
