"""The manifest of a run: a JSON file with its settings, its machine and its outcome."""

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

# The version of the manifest and of the files next to it. Version 1 had evaluations without levels
# and variations. Version 2 had neither losses nor policies.
SCHEMA = 3
_OLDEST_SCHEMA = 2  # that can be read
_FRAME = re.compile(r'^  File "([^"]+)", line (\d+)', re.MULTILINE)  # of a traceback
Manifest = dict[str, Any]
JsonObject = dict[str, Any]  # part of a manifest: an identity, an outcome, an error or a provenance


def identity(
    study: Study,
    run: Run,
    hyperparameters: Mapping[str, Value],
    defaults: Mapping[str, Value],
    code: str,
    versions: Mapping[str, str | None],
) -> JsonObject:
    """Returns the part of a manifest that decides the outcome of a run.

    `hyperparameters` and `defaults` have every hyperparameter of the pipeline. Of `versions`, only
    those in `run_context.numerics` matter.
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
    """Returns how a stored run differs from a planned one, under the keys of the study file."""
    before, now = _settings(stored), _settings(planned)
    return [
        "the code changed"
        if key == "code"
        else printable(f"{key} was {before.get(key)}, is {now.get(key)}")
        for key in now | before
        if before.get(key) != now.get(key)
    ]


def finished(result: RunResult, fingerprint: str) -> JsonObject:
    """Returns the outcome of a run that finished."""
    return {
        "status": "finished",
        "error": None,
        "timings": {part: float(seconds) for part, seconds in result.timings.items()},
        "updates": int(result.updates),
        "weights_sha256": result.weights_sha256,
        "fingerprint": fingerprint,
    }


def failed(error: BaseException) -> JsonObject:
    """Returns the outcome of a run that failed with `error`."""
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
    """Returns an error in one line, with the last file and line of the user's in its traceback."""
    text = ": ".join(filter(None, (printable(error["type"]), first_line(error["message"]))))
    frames = _FRAME.findall(error.get("traceback") or "")
    users = [f"{file}, line {line}" for file, line in frames if user_code.is_user_file(file)]
    return f"{text} ({printable(users[-1])})" if users and users[-1] not in text else text


def attempt(how: str) -> JsonObject:
    """Returns the record of an attempt that ended just now because its worker died."""
    return {"ended": datetime.now(UTC).isoformat(timespec="seconds"), "how": how}


def complete(
    identity: JsonObject,
    provenance: JsonObject,
    outcome: JsonObject,
    seconds: float,
    attempts: Sequence[JsonObject] = (),
) -> Manifest:
    """Returns the manifest of a run that ended just now and took `seconds`.

    `attempts` are the earlier attempts at this run, the workers of which died.
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
    """Returns the content of a manifest file: JSON, with the keys "schema" and "sha256"."""
    complete = {"schema": SCHEMA, **manifest}
    return _encode({**complete, "sha256": _checksum(complete)})


def read(path: Path) -> Manifest:
    """Returns a stored manifest.

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
    if schema < _OLDEST_SCHEMA:
        raise OutdatedError(
            f"stored by an older tfrl, which evaluated otherwise (schema {schema}, now {SCHEMA})"
        )
    if content != _encode({**manifest, "sha256": checksum}):
        raise DamagedError(f"{path} is damaged: not in canonical form (same content, other bytes)")
    try:
        manifest_schema.check(manifest)
    except ValueError as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
    return manifest


def _settings(manifest: JsonObject) -> dict[str, Any]:
    """Returns what decides the outcome of a run, under the keys of the study file."""
    configuration, environment = manifest["configuration"], manifest["environment"]
    environment_key = f"environments.{environment['name']}"
    configuration_key = f"configurations.{configuration['name']}"
    # Runs of schema 2 have neither key. These values do not change what they measured.
    evaluation = {"every_early": None, "keep_policies": "final", **manifest["evaluation"]}
    return {
        "seed": manifest["seed"],
        "steps": manifest["steps"],
        **{f"evaluation.{key}": value for key, value in evaluation.items()},
        environment_key: environment["id"],
        f"{environment_key}.variation": environment["variation"],
        f"{environment_key}.levels": environment["levels"] or "unbounded",
        f"{environment_key}.test": environment["test"],
        f"{configuration_key}.pipeline": configuration["pipeline"],
        **{
            f"{configuration_key}.{key}": value
            for key, value in configuration["hyperparameters"].items()
        },
        **{package: manifest["versions"].get(package) for package in numerics(environment["id"])},
        "code": manifest["code"],
    }


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings as JSON reads them: lists, not tuples."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in settings.items()
    }


def _encode(manifest: Manifest) -> bytes:
    return json.dumps(manifest, indent=1).encode()


def _checksum(manifest: Manifest) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
