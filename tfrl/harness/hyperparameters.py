"""A configuration's hyperparameters, checked against the pipeline's own dataclass."""

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from tfrl.harness.errors import StudyError
from tfrl.harness.study import Configuration, show, unknown_key

_DESCRIPTIONS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list of whole numbers",
}


def defaults(config: type) -> dict[str, Any]:
    """Every hyperparameter of a pipeline, as it is where a study says nothing."""
    return {field.name: field.default for field in dataclasses.fields(config)}


def resolve(configuration: Configuration, config: type, where: str) -> dict[str, Any]:
    """Every hyperparameter as it is for `configuration`; `config` is the pipeline's dataclass.

    Raises `StudyError`, its sentence beginning with `where`, if a key is unknown or a value unfit.
    """
    resolved = defaults(config)
    annotations = typing.get_type_hints(config)
    given: Mapping[str, Any] = configuration.hyperparameters
    for key, value in given.items():
        if key not in resolved:
            problem = f"is no hyperparameter of {configuration.pipeline}"
            raise StudyError(f"{where}.{key} {problem}: {unknown_key(key, resolved)}")
        annotation = annotations[key]
        if not _fits(value, annotation):
            raise StudyError(f"{where}.{key} is {show(value)}: expected {_describe(annotation)}")
        resolved[key] = float(value) if annotation is float else value
    try:
        config(**resolved)
    except ValueError as error:
        raise StudyError(f"{where}: {error}") from None
    return resolved


def _fits(value: Any, annotation: Any) -> bool:
    """Whether a value from a study file may be given for a field of this type."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is typing.Literal:
        return value in arguments
    if annotation is float:
        return type(value) in (int, float)
    return type(value) is (origin or annotation)


def _describe(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_describe(part) for part in arguments if part is not types.NoneType)
    if origin is typing.Literal:
        return "one of " + ", ".join(map(show, arguments))
    return _DESCRIPTIONS.get(origin or annotation, str(annotation))
