"""What the `__post_init__` of a config says of values that cannot be."""

from collections.abc import Callable, Iterable
from typing import Any


def check_positive(config: Any, *fields: str) -> None:
    """Raises ValueError unless each field, or each number in it, is above 0."""
    _check(config, fields, lambda x: x > 0, "above 0")


def check_not_negative(config: Any, *fields: str) -> None:
    """Raises ValueError unless each field is 0 or above."""
    _check(config, fields, lambda x: x >= 0, "0 or above")


def check_share(config: Any, *fields: str) -> None:
    """Raises ValueError unless each field is from 0 to 1."""
    _check(config, fields, lambda x: 0 <= x <= 1, "from 0 to 1")


def check_choice(config: Any, field: str, choices: Iterable[str]) -> None:
    """Raises ValueError unless the field is one of the choices."""
    _check(config, [field], lambda x: x in choices, f"one of {', '.join(choices)}")


def _check(config: Any, fields: Iterable[str], holds: Callable[[Any], bool], expected: str) -> None:
    for field in fields:
        value = getattr(config, field)
        if not all(holds(x) for x in (value if isinstance(value, tuple) else (value,))):
            raise ValueError(f"{field} is to be {expected}, not {value!r}")
