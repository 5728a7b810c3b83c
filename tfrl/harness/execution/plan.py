"""Checks a study against its pipelines, and finds the runs that must be trained."""

import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from tfrl.harness.engine import Engine
from tfrl.harness.errors import DamagedError, StudyError
from tfrl.harness.provenance import run_context
from tfrl.harness.store.manifest import JsonObject, differences, identity
from tfrl.harness.store.run_store import RunStore
from tfrl.harness.studies import hyperparameters
from tfrl.harness.studies.study import Configuration, Environment, Run, Study, Value

# Names of errors that may not occur again when the same run is retried.
RETRYABLE_ERRORS = {
    "WorkerDied",
    "TimeLimitExceeded",
    "MemoryError",
    "ResourceExhaustedError",
    "CodeChanged",
}

Cause = Literal["missing", "failed", "changed", "damaged"]


@dataclass(frozen=True)
class Task:
    """A run to train."""

    run: Run
    hyperparameters: Mapping[str, Value]  # all of the pipeline, with defaults
    identity: JsonObject  # settings and code that determine the results; see `manifest.identity`
    cause: Cause = "missing"  # why it must be trained; "missing" if nothing is stored
    reason: str | None = None  # details of the cause
    attempts: tuple[
        JsonObject, ...
    ] = ()  # those that ended with `WorkerDied`; see `manifest.attempt`


def pending(store: RunStore, engine: Engine, seeds: Collection[int]) -> list[Task]:
    """Returns the runs with these seeds that are not stored with the current settings and code.

    Raises `StudyError` if a configuration does not fit its pipeline or an environment is unknown.
    """
    make_task = _task_factory(store.study, engine)
    tasks = [make_task(run) for run in store.study.runs() if run.seed in seeds]
    return [
        replace(task, cause=cause[0], reason=cause[1])
        for task in tasks
        if (cause := _cause(store, task))
    ]


def failed(store: RunStore, engine: Engine) -> list[Task]:
    """Returns all failed runs, also those with a deterministic error. Raises `StudyError`."""
    make_task = _task_factory(store.study, engine)
    return [
        replace(make_task(entry.run), cause="failed", reason=entry.note)
        for entry in store.entries()
        if entry.status == "failed"
    ]


def task(study: Study, run: Run, engine: Engine) -> Task:
    """Returns the task of a run, stored or not. Raises `StudyError`."""
    return _task_factory(study, engine)(run)


def sources(tasks: Iterable[Task], engine: Engine) -> set[Path]:
    """Returns the source files that determine the results of `tasks`."""
    pairs = {(task.run.configuration.pipeline, task.run.environment.id) for task in tasks}
    return {file for pair in pairs for file in engine.sources(*pair)}


def rerun_reasons(tasks: Iterable[Task]) -> list[str]:
    """Returns a sentence for each reason why stored runs are trained again."""
    counts = Counter(task.reason for task in tasks if task.reason)
    return [
        f"{count} stored {'run' if count == 1 else 'runs'} to rerun: {reason}"
        for reason, count in counts.items()
    ]


def _task_factory(study: Study, engine: Engine) -> Callable[[Run], Task]:
    """Returns a function that makes a task of a run. Raises `StudyError`."""
    settings = {item.name: _settings(study, item, engine) for item in study.configurations}
    _check_environments(study, engine)
    versions = run_context.versions()

    @functools.cache
    def code(pipeline: str, environment_id: str) -> str:
        return run_context.code_sha256(engine.sources(pipeline, environment_id))

    def make_task(run: Run) -> Task:
        resolved = settings[run.configuration.name]
        sha256 = code(run.configuration.pipeline, run.environment.id)
        planned = identity(study, run, **resolved, code=sha256, versions=versions)
        return Task(run, resolved["hyperparameters"], planned)

    return make_task


def _check_environments(study: Study, engine: Engine) -> None:
    """Checks each environment id once, since a check is slow. Raises `StudyError`."""
    first: dict[str, Environment] = {}
    for environment in study.environments:
        first.setdefault(environment.id, environment)
    for environment in first.values():
        try:
            engine.check(environment)
        except LookupError as error:
            where = f"{study.path}: environments.{environment.name}"
            raise StudyError(f"{where}: {_sentence(error)}") from None


def _settings(study: Study, configuration: Configuration, engine: Engine) -> dict[str, Any]:
    """Returns resolved and default hyperparameters. Raises `StudyError`."""
    where = f"{study.path}: configurations.{configuration.name}"
    try:
        config = engine.config(configuration.pipeline)
    except LookupError as error:
        raise StudyError(f"{where}.pipeline: {_sentence(error)}") from None
    resolved = hyperparameters.resolve(configuration, config, where)
    return {
        "hyperparameters": resolved,
        "defaults": hyperparameters.defaults(config, where),
    }


def _cause(store: RunStore, task: Task) -> tuple[Cause, str | None] | None:
    """Returns why a run must be trained, with details; None if a valid run is stored."""
    entry = store.entry(task.run)
    if entry.status == "missing":
        return entry.cause or "missing", entry.note
    if changes := differences(entry.manifest, task.identity):
        return "changed", ", ".join(changes)
    if entry.status == "failed":
        retryable = entry.manifest["error"]["type"] in RETRYABLE_ERRORS
        return ("failed", entry.note) if retryable else None
    try:
        store.tables(entry)
    except DamagedError as error:
        return "damaged", str(error)
    return None


def _sentence(error: LookupError) -> str:
    """Returns the message; `str` of a `KeyError` would quote it."""
    return str(error.args[0]) if error.args else type(error).__name__
