"""What a study asks of its pipelines, checked, and which of its runs are still to be made."""

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

# Failures that say nothing about the run: the same run may well finish when tried again.
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
    """A run to be made."""

    run: Run
    hyperparameters: Mapping[str, Value]  # all of the pipeline's
    identity: JsonObject  # what decides its outcome; see `manifest.identity`
    cause: Cause = "missing"  # what has become of it so far: "missing" if nothing is stored
    reason: str | None = None  # what there is to say of that
    attempts: tuple[JsonObject, ...] = ()  # those whose workers died; see `manifest.attempt`


def make(store: RunStore, engine: Engine, seeds: Collection[int]) -> list[Task]:
    """The runs with these seeds that are not stored as the study and the code now have them.

    Raises `StudyError` if a configuration does not fit its pipeline or an environment is unknown.
    """
    as_planned = _planner(store.study, engine)
    tasks = [as_planned(run) for run in store.study.runs() if run.seed in seeds]
    found = [_cause(store, task) for task in tasks]
    return [
        replace(task, cause=why[0], reason=why[1])
        for task, why in zip(tasks, found, strict=True)
        if why
    ]


def failed(store: RunStore, engine: Engine) -> list[Task]:
    """The runs that failed, whether or not they would again. Raises as `make` does."""
    as_planned = _planner(store.study, engine)
    return [
        replace(as_planned(entry.run), cause="failed", reason=entry.note)
        for entry in store.entries()
        if entry.status == "failed"
    ]


def task(study: Study, run: Run, engine: Engine) -> Task:
    """A run as the study and the code now have it, whatever is stored. Raises `StudyError`."""
    return _planner(study, engine)(run)


def sources(tasks: Iterable[Task], engine: Engine) -> set[Path]:
    """The files that decide what the runs of `tasks` give."""
    made_of = {(task.run.configuration.pipeline, task.run.environment.id) for task in tasks}
    return {file for pair in made_of for file in engine.sources(*pair)}


def reasons(tasks: Iterable[Task]) -> list[str]:
    """Why runs that are stored are made again: a sentence for each reason."""
    counts = Counter(task.reason for task in tasks if task.reason)
    return [
        f"{count} stored {'run is' if count == 1 else 'runs are'} made again: {reason}"
        for reason, count in counts.items()
    ]


def _planner(study: Study, engine: Engine) -> Callable[[Run], Task]:
    """What makes a task of a run, as the study and the code now have it. Raises `StudyError`."""
    settings = {item.name: _settings(study, item, engine) for item in study.configurations}
    _check_environments(study, engine)
    versions = run_context.versions()

    @functools.cache
    def code(pipeline: str, environment_id: str) -> str:
        return run_context.code_sha256(engine.sources(pipeline, environment_id))

    def as_planned(run: Run) -> Task:
        known = settings[run.configuration.name]
        made_of = code(run.configuration.pipeline, run.environment.id)
        planned = identity(study, run, **known, code=made_of, versions=versions)
        return Task(run, known["hyperparameters"], planned)

    return as_planned


def _check_environments(study: Study, engine: Engine) -> None:
    """Load each environment once: to do so takes a while, and several may be of one id."""
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
    """Resolved and default hyperparameters."""
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
    """Why a run is to be made, and what there is to say of that; None if it need not be."""
    entry = store.entry(task.run)
    if entry.status == "missing":
        return entry.cause or "missing", entry.note
    if changes := differences(entry.manifest, task.identity):
        return "changed", ", ".join(changes)
    if entry.status == "failed":
        circumstantial = entry.manifest["error"]["type"] in RETRYABLE_ERRORS
        return ("failed", entry.note) if circumstantial else None
    try:
        store.tables(entry)
    except DamagedError as error:
        return "damaged", str(error)
    return None


def _sentence(error: LookupError) -> str:
    """What the error says; `str` of a `KeyError` would put it in quotes."""
    return str(error.args[0]) if error.args else type(error).__name__
