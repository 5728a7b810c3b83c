"""A configuration's hyperparameters, checked against the pipeline's own dataclass."""

import contextlib
import dataclasses
import inspect
import itertools
import math
import os
import re
import types
import typing
from collections.abc import Mapping
from typing import Any

from tfrl.harness.errors import StudyError
from tfrl.harness.studies.study import Configuration
from tfrl.harness.studies.toml import show, unknown_key

_BYTES_OF_FRAME = 28  # two step types, reward, discount, action, and an observation of one number
_BYTES_OF_WEIGHT = 12  # float32, and Adam's two moments
_FIELD = re.compile(r"    (?P<name>\w+): [^#]*=[^#]*# (?P<comment>.*)")
_DESCRIPTIONS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list of whole numbers",
}


def defaults(config: Any, where: str) -> dict[str, Any]:
    """Every hyperparameter of a pipeline, as it is where a study says nothing.

    Raises `StudyError`, its sentence beginning with `where`, if `config`, the pipeline's `Config`,
    is no dataclass, or a field of it has no default or one that a study could not give.
    """
    name = getattr(config, "__qualname__", repr(config))
    if not (isinstance(config, type) and dataclasses.is_dataclass(config)):
        raise StudyError(f"{where}: the pipeline's Config is {name}: expected a dataclass")
    resolved = {}
    for field in dataclasses.fields(config):
        if not field.init:
            continue
        value = field.default
        if field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        if value is dataclasses.MISSING:
            raise StudyError(f"{where}: {name}.{field.name} has no default, which it needs")
        if value is not None and not _plain(value):
            raise StudyError(
                f"{where}: {name}.{field.name} is {show(value)} by default: expected a finite "
                "number, true or false, a text, a tuple of whole numbers, or None"
            )
        resolved[field.name] = value
    return resolved


def resolve(configuration: Configuration, config: Any, where: str) -> dict[str, Any]:
    """Every hyperparameter as it is for `configuration`; `config` is the pipeline's `Config`.

    Raises `StudyError`, its sentence beginning with `where`, if a key is unknown or a value unfit.
    """
    resolved = defaults(config, where)
    annotations = _annotations(config, where)
    given: Mapping[str, Any] = configuration.hyperparameters
    for key, value in given.items():
        if key not in resolved:
            problem = f"is no hyperparameter of {configuration.pipeline}"
            raise StudyError(f"{where}.{key} {problem}: {unknown_key(key, resolved)}")
        annotation = annotations[key]
        if not _fits(value, annotation):
            raise StudyError(f"{where}.{key} is {show(value)}: expected {_describe(annotation)}")
        resolved[key] = _as(annotation, value)
    try:
        made = config(**resolved)
    except ValueError as error:
        raise StudyError(f"{where}: {error}") from None
    _check_memory(made, where)
    return resolved


def _check_memory(config: Any, where: str) -> None:
    """Raises `StudyError` if frames and weights cannot fit into this machine's memory.

    This is a lower bound: only a run shows what it needs.
    """
    frames = getattr(config, "frames_in_memory", 0)
    layers = getattr(config, "fc_layer_params", ())
    weights = sum(units * more for units, more in itertools.pairwise((1, *layers, 1)))
    needed = frames * _BYTES_OF_FRAME + weights * _BYTES_OF_WEIGHT
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed > memory:
        raise StudyError(
            f"{where}: its {frames:,} frames and {weights:,} weights take at least {needed:,} "
            f"bytes: expected at most the {memory:,} of this machine's memory"
        )


def comments(config: type) -> dict[str, str]:
    """The comment behind each field of a dataclass, as its file has it."""
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        with contextlib.suppress(OSError, TypeError):
            for line in inspect.getsource(cls).splitlines():
                if match := _FIELD.match(line):
                    found[match["name"]] = match["comment"]
    return found


def source(config: type) -> str:
    """What a dataclass says of itself: where its defaults come from."""
    return inspect.cleandoc(config.__doc__ or "").partition("\n\n")[0]


def _annotations(config: type, where: str) -> dict[str, Any]:
    """The type of each field."""
    try:
        return typing.get_type_hints(config)
    except NameError as error:
        raise StudyError(f"{where}: a type in {config.__qualname__} is unknown: {error}") from None


def _plain(value: Any) -> bool:
    """Whether a default is a value that a study file could give."""
    if isinstance(value, tuple | list):
        return all(type(item) is int for item in value)
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (bool, int, str)


def _fits(value: Any, annotation: Any) -> bool:
    """Whether a value from a study file may be given for a field of this type."""
    return any(_is(value, part) or _widens(value, part) for part in _parts(annotation))


def _as(annotation: Any, value: Any) -> Any:
    """A value that fits, as the field's type has it: a whole number may stand for any number."""
    exact = any(_is(value, part) for part in _parts(annotation))
    return value if exact else float(value)


def _is(value: Any, annotation: Any) -> bool:
    """Whether a value is of this type, or one of the choices that it is."""
    if typing.get_origin(annotation) is typing.Literal:
        return value in typing.get_args(annotation)
    return type(value) is (typing.get_origin(annotation) or annotation)


def _widens(value: Any, annotation: Any) -> bool:
    return annotation is float and type(value) is int


def _describe(annotation: Any) -> str:
    return " or ".join(map(_description, _parts(annotation)))


def _description(annotation: Any) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return "one of " + ", ".join(map(show, typing.get_args(annotation)))
    return _DESCRIPTIONS.get(typing.get_origin(annotation) or annotation, str(annotation))


def _parts(annotation: Any) -> list[Any]:
    """The types that a union is of, but None, which a study cannot give; or the type alone."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [part for part in typing.get_args(annotation) if part is not types.NoneType]
    return [annotation]
