"""A run's manifest: what the run was, what it ran on and how it went, as one JSON file."""

import dataclasses
import hashlib
import json
import re
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tfrl import user_code
from tfrl.harness.engine import RunResult
from tfrl.harness.errors import (
    DamagedError,
    OutdatedError,
    StoreError,
    describe,
    first_line,
    printable,
)
from tfrl.harness.provenance.run_context import numerics
from tfrl.harness.store import manifest_schema
from tfrl.harness.studies.study import Run, Study, Value

# Of the manifest and the files with it. 1 had evaluations without conditions, 2 had neither losses
# nor policies.
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+)', re.MULTILINE)  # of a traceback
SCHEMA = 3
_OLDEST = 2  # of those that are read
Manifest = dict[str, Any]
JsonObject = dict[str, Any]  # of a manifest: an identity, an outcome, an error or a provenance


def identity(
    study: Study,
    run: Run,
    hyperparameters: Mapping[str, Value],
    defaults: Mapping[str, Value],
    code: str,
    versions: Mapping[str, str | None],
) -> JsonObject:
    """What decides the outcome of a run, as it stands in its manifest.

    `hyperparameters` are all of the pipeline's, `defaults` what they are where a study is silent.
    Of the versions, those of `provenance.numerics` count.
    """
    environment = run.environment
    return {
        "study": study.name,
        "environment": {
            "name": environment.name,
            "id": environment.id,
            **_plain(dataclasses.asdict(environment.level_config)),
        },
        "configuration": {
            "name": run.configuration.name,
            "pipeline": run.configuration.pipeline,
            "hyperparameters": _plain(hyperparameters),
            "defaults": _plain(defaults),
        },
        "seed": run.seed,
        "steps": study.steps,
        "evaluation": dataclasses.asdict(study.evaluation),
        "code": code,
        "versions": dict(versions),
    }


def differences(stored: JsonObject, planned: JsonObject) -> list[str]:
    """In what a stored run differs from a planned one, each under its key in the study file."""
    before, now = _settings(stored), _settings(planned)
    return [
        "the code changed"
        if key == "code"
        else printable(f"{key} was {before.get(key)}, is {now.get(key)}")
        for key in {**now, **before}
        if before.get(key) != now.get(key)
    ]


def finished(result: RunResult, fingerprint: str) -> JsonObject:
    """What a manifest says of the outcome of a run that finished."""
    return {
        "status": "finished",
        "error": None,
        "timings": {part: float(seconds) for part, seconds in result.timings.items()},
        "updates": int(result.updates),
        "weights_sha256": result.weights_sha256,
        "fingerprint": fingerprint,
    }


def failed(error: BaseException) -> JsonObject:
    """What a manifest says of the outcome of a run that `error` ended."""
    return {
        "status": "failed",
        "error": {
            "type": type(error).__name__,
            "message": str(error),
            "traceback": "".join(traceback.format_exception(error)),
        },
        "timings": {},
        "updates": None,
        "weights_sha256": None,
        "fingerprint": None,
    }


def sentence(error: JsonObject) -> str:
    """The error of a manifest in one line, with the file and line if those are the user's own."""
    said = ": ".join(filter(None, (printable(error["type"]), first_line(error["message"]))))
    frames = _FRAME.findall(error.get("traceback") or "")
    own = [f"{file}, line {line}" for file, line in frames if user_code.is_user_file(file)]
    return f"{said} ({printable(own[-1])})" if own and own[-1] not in said else said


def attempt(how: str) -> JsonObject:
    """What a manifest says of an attempt that has just ended because its worker died."""
    return {"ended": datetime.now(UTC).isoformat(timespec="seconds"), "how": how}


def complete(
    identity: JsonObject,
    provenance: JsonObject,
    outcome: JsonObject,
    seconds: float,
    attempts: Sequence[JsonObject] = (),
) -> Manifest:
    """The manifest of a run that has just ended after so many seconds.

    `attempts` are those whose workers died, whether or not one more followed.
    """
    end = datetime.now(UTC)
    return {
        **identity,
        **outcome,
        "timings": {**outcome["timings"], "total": seconds},
        "started": (end - timedelta(seconds=seconds)).isoformat(timespec="seconds"),
        "finished": end.isoformat(timespec="seconds"),
        "attempts": list(attempts),
        **provenance,
    }


def encode(manifest: Manifest) -> bytes:
    """A manifest as it is stored: JSON, with the schema and a checksum, as in any later schema."""
    complete = {"schema": SCHEMA, **manifest}
    return _encode({**complete, "sha256": _checksum(complete)})


def read(path: Path) -> Manifest:
    """A manifest as it was written.

    Raises `DamagedError`, `OutdatedError` if an older tfrl wrote it, `StoreError` if a newer one.
    """
    try:
        content = path.read_bytes()
        manifest = json.loads(content)
        schema, checksum = int(manifest["schema"]), manifest.pop("sha256", None)
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged: {describe(error)}") from None
    if checksum != _checksum(manifest):
        raise DamagedError(f"{path} is damaged: its content differs from its checksum")
    if schema > SCHEMA:
        raise StoreError(
            f"{path} was written by a newer tfrl (schema {schema}, this one reads up to {SCHEMA}): "
            "update tfrl, or give another folder with --runs"
        )
    if schema < _OLDEST:
        raise OutdatedError(
            f"stored by an older tfrl, which evaluated otherwise (schema {schema}, now {SCHEMA})"
        )
    if content != _encode({**manifest, "sha256": checksum}):
        raise DamagedError(f"{path} is damaged: it means what was written, but is spelt otherwise")
    try:
        manifest_schema.check(manifest)
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
    return manifest


def _settings(manifest: JsonObject) -> dict[str, Any]:
    configuration, environment = manifest["configuration"], manifest["environment"]
    place = f"environments.{environment['name']}"
    prefix = f"configurations.{configuration['name']}"
    # Runs of schema 2 kept no policies, which changes nothing of what they measured.
    evaluation = {"every_early": None, "keep_policies": "final", **manifest["evaluation"]}
    return {
        "seed": manifest["seed"],
        "steps": manifest["steps"],
        **{f"evaluation.{key}": value for key, value in evaluation.items()},
        place: environment["id"],
        f"{place}.variation": environment["variation"],
        f"{place}.levels": environment["levels"] or "unbounded",
        f"{place}.test": environment["test"],
        f"{prefix}.pipeline": configuration["pipeline"],
        **{f"{prefix}.{key}": value for key, value in configuration["hyperparameters"].items()},
        **{package: manifest["versions"].get(package) for package in numerics(environment["id"])},
        "code": manifest["code"],
    }


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back: lists, not tuples."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()
    }


def _encode(manifest: Manifest) -> bytes:
    return json.dumps(manifest, indent=1).encode()


def _checksum(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
