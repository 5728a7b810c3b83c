"""Pydantic models of a manifest, which may come from a stranger."""

from typing import Any, Literal

from pydantic import BaseModel, ValidationError

from tfrl.harness.studies.validation import explain


class _Object(BaseModel, strict=True):
    """A JSON object, which may have further keys."""


class _Environment(_Object):
    name: str
    id: str
    variation: str
    levels: int | None
    test: list[Any]


class _Configuration(_Object):
    name: str
    pipeline: str
    hyperparameters: dict[str, Any]
    defaults: dict[str, Any]


class _Evaluation(_Object):
    every: int
    episodes: int


class _Timings(_Object):
    total: float


class _AllTimings(_Timings):
    compile: float
    train: float
    evaluate: float


class _Error(_Object):
    type: str
    message: str
    traceback: str


class _Manifest(_Object):
    study: str
    environment: _Environment
    configuration: _Configuration
    seed: int
    steps: int
    evaluation: _Evaluation
    code: str
    versions: dict[str, Any]
    status: Literal["finished", "failed"]
    timings: _Timings
    started: str
    finished: str
    git: str | None
    lock_sha256: str | None
    processor: dict[str, Any]
    # Earlier versions did not write these:
    attempts: list[Any] = []
    tables_sha256: dict[str, Any] = {}
    long_sums: list[Any] = []
    policies_sha256: str | None = None
    command: str = ""
    diff_sha256: str | None = None
    cores: int | None = None
    system: str = ""
    threads: int | None = None
    instruction_set: str | None = None
    variables: dict[str, Any] = {}
    peak_memory_mib: int | None = None


class _Finished(_Manifest):
    error: None
    timings: _AllTimings
    updates: int
    weights_sha256: str
    fingerprint: str


class _Failed(_Manifest):
    error: _Error
    updates: None
    weights_sha256: None
    fingerprint: None


def check(manifest: dict[str, Any]) -> None:
    """Raises ValueError, which names the key, if a value is missing or has a wrong type."""
    model = _Failed if manifest.get("status") == "failed" else _Finished
    try:
        model.model_validate(manifest)
    except ValidationError as error:
        raise ValueError(explain(error, {"": model})) from None
