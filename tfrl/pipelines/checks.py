"""Validation of hyperparameters, for the `__post_init__` of a config."""

from collections.abc import Callable, Iterable
from typing import Any


def check_positive(config: Any, *fields: str) -> None:
    """Raises ValueError unless each field, or each number in a tuple, is > 0."""
    _check(config, fields, lambda x: x > 0, "> 0")


def check_non_negative(config: Any, *fields: str) -> None:
    """Raises ValueError unless each field, or each number in a tuple, is >= 0."""
    _check(config, fields, lambda x: x >= 0, ">= 0")


def check_fraction(config: Any, *fields: str) -> None:
    """Raises ValueError unless each field, or each number in a tuple, is in [0, 1]."""
    _check(config, fields, lambda x: 0 <= x <= 1, "in [0, 1]")


def check_choice(config: Any, field: str, choices: Iterable[str]) -> None:
    """Raises ValueError unless the field is one of the choices."""
    _check(config, [field], lambda x: x in choices, f"one of {', '.join(choices)}")


def _check(config: Any, fields: Iterable[str], holds: Callable[[Any], bool], expected: str) -> None:
    for field in fields:
        value = getattr(config, field)
        if not all(holds(x) for x in (value if isinstance(value, tuple) else (value,))):
            raise ValueError(f"{field} must be {expected}, got {value!r}")
