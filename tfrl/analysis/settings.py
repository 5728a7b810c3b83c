"""Which configurations differ in what: of each, its pipeline and its hyperparameters."""

from collections.abc import Callable, Mapping
from typing import Any

Values = Mapping[str, Any]
Settings = Mapping[str, tuple[str, Values]]  # of each configuration: pipeline, hyperparameters


def differences(plain: Values, changed: Values) -> str:
    """What `changed` sets otherwise: "stock_agent = true, learning_rate = 0.01"."""
    return ", ".join(
        f"{key} = {_shown(value)}" for key, value in changed.items() if value != plain.get(key)
    )


def rest(pipeline: str, values: Values, but: Callable[[str], bool]) -> str:
    """All that is set but the hyperparameters that `but` names, as a text to compare."""
    return repr((pipeline, sorted((k, repr(v)) for k, v in values.items() if not but(k))))


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
