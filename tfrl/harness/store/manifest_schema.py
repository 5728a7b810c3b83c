"""The shape that a manifest has, so that one from a stranger can be read like one of our own."""

from typing import Any

_TEXT_OR_NONE = str | None
_SHAPE: dict[str, Any] = {
    "study": str,
    "environment": {
        "name": str,
        "id": str,
        "variation": str,
        "levels": int | None,
        "test": list,
    },
    "configuration": {"name": str, "pipeline": str, "hyperparameters": dict, "defaults": dict},
    "seed": int,
    "steps": int,
    "evaluation": {"every": int, "episodes": int},
    "code": str,
    "versions": dict,
    "timings": {"total": int | float},
    "started": str,
    "finished": str,
    "git": _TEXT_OR_NONE,
    "lock_sha256": _TEXT_OR_NONE,
    "processor": dict,
}
_OUTCOMES: dict[str, dict[str, Any]] = {
    "finished": {
        "error": None,
        "timings": {"compile": int | float, "train": int | float, "evaluate": int | float},
        "updates": int,
        "weights_sha256": str,
        "fingerprint": str,
    },
    "failed": {
        "error": {"type": str, "message": str, "traceback": str},
        "updates": None,
        "weights_sha256": None,
        "fingerprint": None,
    },
}
# What runs of earlier versions do not have.
_LATER: dict[str, Any] = {
    "attempts": list,
    "tables_sha256": dict,
    "long_sums": list,
    "policies_sha256": _TEXT_OR_NONE,
    "command": str,
    "diff_sha256": _TEXT_OR_NONE,
    "cores": int | None,
    "system": str,
    "threads": int | None,
    "instruction_set": _TEXT_OR_NONE,
    "variables": dict,
    "peak_memory_mib": int | None,
}


def check(manifest: dict[str, Any]) -> None:
    """Raises `ValueError`, naming the key, if something is missing or of the wrong kind."""
    _check(manifest, _SHAPE)
    if manifest.get("status") not in _OUTCOMES:
        raise ValueError("status is neither finished nor failed")
    _check(manifest, _OUTCOMES[manifest["status"]])
    _check(manifest, {key: kind for key, kind in _LATER.items() if key in manifest})


def _check(part: dict[str, Any], shape: dict[str, Any], before: str = "") -> None:
    for key, kind in shape.items():
        value, name = part.get(key), f"{before}{key}"
        if key not in part:
            raise ValueError(f"{name} is missing")
        if isinstance(kind, dict):
            if not isinstance(value, dict):
                raise ValueError(f"{name} is no object")
            _check(value, kind, f"{name}.")
        elif not (value is None if kind is None else isinstance(value, kind)):
            raise ValueError(f"{name} is of another kind than expected")
