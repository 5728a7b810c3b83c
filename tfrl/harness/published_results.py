"""Published outcomes of a study's runs, as a reference for other runs of the study.

They are stored in `<reports>/<study>/published.json`, next to the published report. Only
`tfrl publish` writes there; other reports are written to `<reports>/own/`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfrl import variations
from tfrl.harness.errors import DamagedError, HarnessError, describe
from tfrl.harness.store import atomic_files, fingerprints
from tfrl.harness.store.fingerprints import Mark
from tfrl.harness.store.manifest import JsonObject, Manifest, differences
from tfrl.harness.store.run_store import RunStore, StoredRun
from tfrl.harness.store.stored_results import common
from tfrl.harness.studies.study import Run, Study

SCHEMA = 2  # in schema 1, all marks had the scores of the greedy policy
_SETTINGS = ("environment", "configuration", "steps", "evaluation", "code")  # keys of an identity


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run."""

    status: str  # "finished" or "failed"
    fingerprint: str | None  # None if it failed
    marks: tuple[Mark, ...]  # empty if it failed


@dataclass(frozen=True)
class Published:
    """The outcomes of a study's runs, with their settings, code, packages and machine."""

    stack: JsonObject  # output of `stored_results.common`
    # Values of `_SETTINGS`, by environment and configuration.
    settings: Mapping[tuple[str, str], JsonObject]
    outcomes: Mapping[tuple[str, str, int], Outcome]  # by environment, configuration and seed

    def outcome(self, run: Run) -> Outcome | None:
        """Returns the outcome of a run; None if it was not published."""
        return self.outcomes.get((*_cell(run), run.seed))

    def has_settings_of(self, run: Run, manifest: Manifest) -> bool:
        """Returns True if a run was published with the settings of this manifest, by any code."""
        if self.outcome(run) is None:
            return False
        equal = {key: manifest[key] for key in ("seed", "versions", "code")}
        return not differences({**self.settings[_cell(run)], **equal}, manifest)

    def changes(self, run: Run, manifest: Manifest) -> list[str]:
        """Returns the differences in settings and code of a stored run from the published one."""
        equal = {key: manifest[key] for key in ("seed", "versions")}
        return differences({**self.settings[_cell(run)], **equal}, manifest)


def published_path(study: Study, reports: Path) -> Path:
    """Returns the file of a study's published outcomes, next to the published report."""
    return reports / study.name / "published.json"


def unpublished_folder(name: str, reports: Path) -> Path:
    """Returns the folder of a report that is not published; git ignores it."""
    return reports / "own" / name


def collect(store: RunStore) -> Published:
    """Returns the outcomes of all runs of a study, which must all be stored.

    Raises `DamagedError`.
    """
    entries = store.entries()
    return Published(
        stack=common([entry.manifest for entry in entries]),
        settings={
            _cell(entry.run): {key: entry.manifest[key] for key in _SETTINGS} for entry in entries
        },
        outcomes={(*_cell(entry.run), entry.run.seed): outcome(store, entry) for entry in entries},
    )


def outcome(store: RunStore, entry: StoredRun) -> Outcome:
    """Returns the outcome of a stored run. Raises `DamagedError`."""
    if entry.status == "failed":
        return Outcome("failed", None, ())
    policy = variations.judged_policy(entry.run.environment.id)
    marks = fingerprints.marks(store.tables(entry), policy)
    return Outcome("finished", entry.manifest["fingerprint"], marks)


def write(published: Published, path: Path) -> None:
    """Writes the file atomically; equal outcomes give equal bytes. Raises `HarnessError`."""
    runs = [
        [*key, outcome.status, outcome.fingerprint, *outcome.marks]
        for key, outcome in published.outcomes.items()
    ]
    settings = [[*cell, values] for cell, values in published.settings.items()]
    text = (
        f'{{"schema": {SCHEMA},\n"stack": {json.dumps(published.stack)},\n'
        f'"settings": [\n{_lines(settings)}\n],\n"runs": [\n{_lines(runs)}\n]}}\n'
    )
    atomic_files.write_text(path, text)


def read(path: Path) -> Published | None:
    """Reads published outcomes; returns None if the file does not exist.

    Raises `DamagedError`, or `HarnessError` if it has another schema.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise HarnessError(
                f"{path} was written by another version of tfrl (schema {content['schema']}, "
                f"this one reads {SCHEMA}): use the version that its report was published with"
            )
        return _parse(content)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"{path} is damaged: {describe(error)}") from None


def _parse(content: Mapping[str, Any]) -> Published:
    """Parses the content of a file. Raises `ValueError`, `TypeError` or `KeyError`."""
    settings = {tuple(cell): values for *cell, values in content["settings"]}
    for values in settings.values():
        complete = {**values, "seed": 0, "versions": {}}
        differences(complete, complete)  # raises if a key is missing
    outcomes = {}
    for environment, name, seed, status, fingerprint, *marks in content["runs"]:
        if (environment, name) not in settings:
            raise ValueError(f"it has no settings of {environment}/{name}")
        parsed = tuple(Mark(int(step), float(score), str(digest)) for step, score, digest in marks)
        outcomes[environment, name, seed] = Outcome(status, fingerprint, parsed)
    return Published(dict(content["stack"]), settings, outcomes)


def _cell(run: Run) -> tuple[str, str]:
    return run.environment.name, run.configuration.name


def _lines(items: Iterable[object]) -> str:
    return ",\n".join(map(json.dumps, items))
