"""What the runs of a study came to when its report was published, to compare others with.

Kept as `<reports>/<study>/published.json`, beside the published page. Nothing but `tfrl publish`
writes there: other pages lie in `<reports>/own/`, so what is compared with stays what was
published.
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

SCHEMA = 2  # 1 had marks of the greedy policy everywhere
_SETTINGS = ("environment", "configuration", "steps", "evaluation", "code")  # parts of an identity


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    status: str  # "finished" or "failed"
    fingerprint: str | None  # None if it failed
    marks: tuple[Mark, ...]  # none if it failed


@dataclass(frozen=True)
class Published:
    """The outcomes of a study's runs, and what they were made with."""

    stack: JsonObject  # as `storage.common` gives it
    settings: Mapping[
        tuple[str, str], JsonObject
    ]  # by environment and configuration: see `_SETTINGS`
    outcomes: Mapping[tuple[str, str, int], Outcome]  # the same with the seed

    def outcome(self, run: Run) -> Outcome | None:
        """The outcome of a run; None if it was not published."""
        return self.outcomes.get((*_cell(run), run.seed))

    def has_settings_of(self, run: Run, manifest: Manifest) -> bool:
        """Whether a run was published with the settings of this manifest, by whatever code."""
        if self.outcome(run) is None:
            return False
        alike = {key: manifest[key] for key in ("seed", "versions", "code")}
        return not differences({**self.settings[_cell(run)], **alike}, manifest)

    def changes(self, run: Run, manifest: Manifest) -> list[str]:
        """In what settings and code a stored run differs from the published one."""
        alike = {key: manifest[key] for key in ("seed", "versions")}
        return differences({**self.settings[_cell(run)], **alike}, manifest)


def published_path(study: Study, reports: Path) -> Path:
    """The file in which a study's outcomes are published, beside the published page."""
    return reports / study.name / "published.json"


def unpublished_folder(name: str, reports: Path) -> Path:
    """The folder of a page that is not published; git ignores it."""
    return reports / "own" / name


def collect(store: RunStore) -> Published:
    """The outcomes of all runs of a study, each of which has to be stored.

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
    """What a stored run came to. Raises `DamagedError`."""
    if entry.status == "failed":
        return Outcome("failed", None, ())
    policy = variations.judged_policy(entry.run.environment.id)
    marks = fingerprints.marks(store.tables(entry), policy)
    return Outcome("finished", entry.manifest["fingerprint"], marks)


def write(published: Published, path: Path) -> None:
    """Write the file, whole or not at all; the same outcomes give the same bytes."""
    runs = [
        [*key, found.status, found.fingerprint, *found.marks]
        for key, found in published.outcomes.items()
    ]
    settings = [[*cell, part] for cell, part in published.settings.items()]
    text = (
        f'{{"schema": {SCHEMA},\n"stack": {json.dumps(published.stack)},\n'
        f'"settings": [\n{_lines(settings)}\n],\n"runs": [\n{_lines(runs)}\n]}}\n'
    )
    atomic_files.write_text(path, text)


def read(path: Path) -> Published | None:
    """The outcomes that were published; None if there is no such file.

    Raises `DamagedError`, or `HarnessError` if a newer tfrl wrote it.
    """
    try:
        content = json.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise HarnessError(
                f"{path} was written by another tfrl (schema {content['schema']}, this one reads "
                f"{SCHEMA}): use the one that its report was published with"
            )
        return _parsed(content)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DamagedError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError) as error:
        raise DamagedError(f"{path} is damaged: {describe(error)}") from None


def _parsed(content: Mapping[str, Any]) -> Published:
    """What a file says. Raises `ValueError`, `TypeError` or `KeyError` if that makes no sense."""
    settings = {tuple(cell): _setting(part) for *cell, part in content["settings"]}
    outcomes = {}
    for environment, name, seed, status, fingerprint, *marks in content["runs"]:
        if (environment, name) not in settings:
            raise ValueError(f"it has no settings of {environment}/{name}")
        found = Outcome(status, fingerprint, tuple(map(_mark, marks)))
        outcomes[environment, name, seed] = found
    return Published(dict(content["stack"]), settings, outcomes)


def _mark(values: list[Any]) -> Mark:
    step, score, digest = values
    return Mark(int(step), float(score), str(digest))


def _setting(part: JsonObject) -> JsonObject:
    """The part itself, if it can be compared."""
    whole = {**part, "seed": 0, "versions": {}}
    differences(whole, whole)
    return part


def _cell(run: Run) -> tuple[str, str]:
    return run.environment.name, run.configuration.name


def _lines(items: Iterable[object]) -> str:
    return ",\n".join(map(json.dumps, items))
