"""Stored results as tidy tables, for everything that reads them. TensorFlow is not imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tfrl.harness.engine import Engine
from tfrl.harness.errors import DamagedError
from tfrl.harness.store import notices, tables
from tfrl.harness.store.concat import TableConcatenator
from tfrl.harness.store.manifest import Manifest
from tfrl.harness.store.run_store import RunStore, StoredRun
from tfrl.harness.studies.study import Environment, Study
from tfrl.variations import POLICIES, SPLITS


@dataclass(frozen=True)
class Results:
    """All that is stored of a study, and of each planned run whether it is.

    Each table begins with the columns `environment`, `configuration` (both categorical, in the
    study's order) and `seed`, and has its rows in the order of the planned runs. Only finished runs
    contribute to `episodes`, `evaluations` and `losses`, whose texts are categorical too, and in
    order: splits, variations as the study first names them, and policies.
    """

    study: Study
    episodes: pd.DataFrame  # then the columns of `tables.EPISODES`
    evaluations: pd.DataFrame  # then the columns of `tables.EVALUATIONS`
    losses: pd.DataFrame  # then the columns of `tables.LOSSES`
    runs: pd.DataFrame  # one row for each planned run; the columns are those of `_runs`
    manifest: dict[str, Any]  # as `common` gives it, and `_history`
    # By configuration, as its stored runs had them; a configuration without any is absent.
    hyperparameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # all of them
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the pipeline's own
    notices: tuple[str, ...] = ()  # sentences on what a reader of the results has to know
    provenances: tuple[Mapping[str, str], ...] = ()  # of each finished run; see `notices.maker`
    entries: tuple[StoredRun, ...] = ()  # of each planned run, as `runs` has them

    @property
    def settings(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """Pipeline and hyperparameters of each configuration, as its stored runs had them.

        Of one without any: what the study sets, and else what another of its pipeline has by
        default.
        """
        configurations = self.study.configurations
        usual = {
            c.pipeline: self.defaults[c.name] for c in configurations if c.name in self.defaults
        }
        planned = {
            c.name: {**usual.get(c.pipeline, {}), **c.hyperparameters} for c in configurations
        }
        found = {**planned, **self.hyperparameters}
        return {c.name: (c.pipeline, found[c.name]) for c in configurations}

    def of(self, environment: Environment, table: pd.DataFrame) -> pd.DataFrame:
        """The rows of an environment in one of the tables, which share its memory."""
        code = self.study.environments.index(environment)
        begin, end = np.searchsorted(table["environment"].cat.codes, [code, code + 1])
        return table.iloc[begin:end]


def load(study: Study, root: Path = Path("runs"), engine: Engine | None = None) -> Results:
    """Everything stored of `study` under `root`; `engine` is for tests.

    A run that is damaged, or stored under other settings than the study's, counts as missing, and
    its row in `runs` says why. Raises `StoreError` if a newer tfrl stored one.
    """
    store = RunStore(study, root)
    entries = store.entries()
    gathered = {name: TableConcatenator(schema) for name, schema in tables.SCHEMAS.items()}
    for place, entry in enumerate(entries):
        if entry.status == "finished":
            try:
                for name, table in store.tables(entry).items():
                    gathered[name].add(table, place)
            except DamagedError as error:
                entries[place] = StoredRun(entry.run, "missing", str(error), {}, "damaged")

    stored = [entry.manifest for entry in entries if entry.manifest]
    return Results(
        study=study,
        episodes=_frame(study, entries, gathered["episodes"]),
        evaluations=_frame(study, entries, gathered["evaluations"]),
        losses=_frame(study, entries, gathered["losses"]),
        runs=_runs(study, entries),
        manifest={**common(stored), **_history(stored)},
        hyperparameters=_settings(entries, "hyperparameters"),
        defaults=_settings(entries, "defaults"),
        notices=notices.collect(store, entries, engine or Engine()),
        provenances=tuple(
            notices.provenance_summary(item) for item in stored if item["status"] == "finished"
        ),
        entries=tuple(entries),
    )


def _frame(study: Study, entries: Sequence[StoredRun], gathered: TableConcatenator) -> pd.DataFrame:
    """The rows of all runs, one under the other, each with its run."""
    places, columns = gathered.finish()
    keys = {name: values.take(places) for name, values in _keys(study, entries).items()}
    for name, order in _orders(study).items():
        if name in columns:
            found = columns[name].categories
            columns[name] = columns[name].set_categories(list(dict.fromkeys([*order, *found])))
    return pd.DataFrame(keys | columns, copy=False)


def _orders(study: Study) -> dict[str, Sequence[str]]:
    """The order in which the texts of a column are shown."""
    level_config = [environment.level_config for environment in study.environments]
    variations = [name for item in level_config for name in (item.variation, *item.test)]
    return {"split": SPLITS, "variation": variations, "policy": POLICIES}


def _runs(study: Study, entries: Sequence[StoredRun]) -> pd.DataFrame:
    """A row for each planned run; what is not known of it is missing from its row."""
    manifests = [entry.manifest for entry in entries]

    def seconds(part: str) -> list[float]:
        return [manifest.get("timings", {}).get(part, np.nan) for manifest in manifests]

    return pd.DataFrame(
        {
            **_keys(study, entries),
            "status": [entry.status for entry in entries],
            "error": pd.Series([entry.note for entry in entries], dtype=object),
            "compile_seconds": seconds("compile"),
            "train_seconds": seconds("train"),
            "evaluate_seconds": seconds("evaluate"),
            "total_seconds": seconds("total"),
            "updates": pd.array([manifest.get("updates") for manifest in manifests], dtype="Int64"),
            "fingerprint": [manifest.get("fingerprint") for manifest in manifests],
            "code": [manifest.get("code") for manifest in manifests],
            "pipeline": [entry.run.configuration.pipeline for entry in entries],
        }
    )


def _keys(study: Study, entries: Sequence[StoredRun]) -> dict[str, Any]:
    """The columns that say which run a row belongs to, with one row for each entry."""

    def labels(values: list[str], order: Sequence[Any]) -> pd.Categorical:
        return pd.Categorical(values, categories=[item.name for item in order])

    runs = [entry.run for entry in entries]
    return {
        "environment": labels([run.environment.name for run in runs], study.environments),
        "configuration": labels([run.configuration.name for run in runs], study.configurations),
        "seed": np.array([run.seed for run in runs], dtype=np.int64),
    }


def _settings(entries: Sequence[StoredRun], part: str) -> dict[str, Any]:
    """That part of each configuration's settings, as the first of its stored runs has them."""
    found: dict[str, Any] = {}
    for entry in entries:
        if entry.manifest:
            found.setdefault(entry.run.configuration.name, entry.manifest["configuration"][part])
    return found


def common(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """What the runs were made with; where they differ, the distinct values in their order.

    What an earlier version of tfrl did not note is None.
    """
    packages = dict.fromkeys(package for manifest in manifests for package in manifest["versions"])
    return {
        "versions": {
            package: _shared([manifest["versions"].get(package) for manifest in manifests])
            for package in packages
        },
        **{
            key: _shared([manifest.get(key) for manifest in manifests])
            for key in (
                *("lock_sha256", "processor", "instruction_set", "variables", "cores", "threads"),
                *("system", "code", "git"),
            )
        },
    }


def _history(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """How and when the runs came about."""
    peaks = [peak for item in manifests if (peak := item.get("peak_memory_mib")) is not None]
    return {
        "diff_sha256": _shared([_diff(item) for item in manifests]),
        "command": _shared([item.get("command") for item in manifests]),
        "started": min((item["started"] for item in manifests), default=None),
        "finished": max((item["finished"] for item in manifests), default=None),
        "peak_memory": f"{max(peaks):,} MiB in one worker process" if peaks else None,
    }


def _diff(manifest: Manifest) -> str | None:
    """What the code differed in from its git revision; None if unknown."""
    unchanged = manifest["git"] and not manifest["git"].endswith("+changes")
    return "none" if unchanged else manifest.get("diff_sha256")


def _shared(values: Sequence[Any]) -> Any:
    """The value that all are, or the distinct ones if they differ; None if there are none."""
    distinct: list[Any] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct if len(distinct) > 1 else next(iter(distinct), None)
