"""Sentences for the errors of pydantic: the key, what it must be, and what it is."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from tfrl.harness.studies.aliases import suggest
from tfrl.harness.studies.toml import show

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_type": "a number",
    "int_type": "an integer",
    "list_type": "a list",
    "model_type": "a table",
    "none_required": "null",
    "string_type": "a string",
    "tuple_type": "a list of integers",  # the only lists that a study file may hold
}


def explain(error: ValidationError, tables: Mapping[str, type[BaseModel]]) -> str:
    """Returns the first mistake in a file as one sentence.

    Args:
      error: raised by the model of the file.
      tables: the model of the file under "", and the models of the tables below a key of it.
        The description of a field replaces pydantic's words after "must be".
    """
    # An unknown key goes first: it is often the misspelt name of a missing one.
    details = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    loc, value = details["loc"], show(details["input"])
    fields = tables.get(str(loc[0]) if len(loc) > 1 else "", tables[""]).model_fields
    name = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in loc)[1:]
    field = fields.get(str(loc[-1]))
    expected = field.description if field else None
    match details["type"], loc[-1]:
        case "extra_forbidden", key:
            return f"unknown key {name} ({suggest(str(key), fields)})"
        case "missing", _:
            return f"{name} is missing" + (f": it must be {expected}" if expected else "")
        case _, "[key]":
            name = f"a name in {loc[0]}"
    return f"{name} {requirement(details, expected)}, got {value}"


def requirement(details: "ErrorDetails", expected: str | None = None) -> str:
    """Returns "must be `expected`", or what a validator or pydantic says if that is None.

    The message of a ValueError that a validator raised goes first. It begins with "must".
    """
    if details["type"] == "value_error":
        return str(details["ctx"]["error"])
    expected = expected or _EXPECTED.get(details["type"])
    return f"must be {expected}" if expected else re.sub(r"^\w+ should", "must", details["msg"])
