"""Stored results of a study as tidy DataFrames. TensorFlow is not imported."""

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
    """The stored tables of a study, and the status of each planned run.

    Each table begins with the columns `environment`, `configuration` (both categorical, in the
    study's order) and `seed`. Rows are in the order of the planned runs. Only finished runs
    contribute to `episodes`, `evaluations` and `losses`. Their string columns are categorical, with
    splits, variations (in the study's order) and policies in a fixed order.
    """

    study: Study
    episodes: pd.DataFrame  # with the columns of `tables.EPISODES`
    evaluations: pd.DataFrame  # with the columns of `tables.EVALUATIONS`
    losses: pd.DataFrame  # with the columns of `tables.LOSSES`
    runs: pd.DataFrame  # a row for each planned run, with the columns of `_runs`
    manifest: dict[str, Any]  # output of `common` and `_history`
    # By configuration, from its first stored run; configurations without one are absent.
    hyperparameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # of the pipeline
    notices: tuple[str, ...] = ()  # output of `notices.collect`
    # Of each finished run, the output of `notices.provenance_summary`.
    provenances: tuple[Mapping[str, str], ...] = ()
    entries: tuple[StoredRun, ...] = ()  # in the order of `runs`

    @property
    def settings(self) -> dict[str, tuple[str, Mapping[str, Any]]]:
        """Pipeline and hyperparameters of each configuration, from its stored runs.

        A configuration without stored runs has the values of the study, and the defaults that
        another configuration of the same pipeline was run with.
        """
        configurations = self.study.configurations
        defaults = {
            c.pipeline: self.defaults[c.name] for c in configurations if c.name in self.defaults
        }
        planned = {
            c.name: {**defaults.get(c.pipeline, {}), **c.hyperparameters} for c in configurations
        }
        settings = {**planned, **self.hyperparameters}
        return {c.name: (c.pipeline, settings[c.name]) for c in configurations}

    def of(self, environment: Environment, table: pd.DataFrame) -> pd.DataFrame:
        """Returns the rows of an environment in one of the tables, without copying them."""
        code = self.study.environments.index(environment)
        begin, end = np.searchsorted(table["environment"].cat.codes, [code, code + 1])
        return table.iloc[begin:end]


def load(study: Study, root: Path = Path("runs"), engine: Engine | None = None) -> Results:
    """Loads the stored runs of `study` under `root`.

    A run that is damaged, or stored with other settings than the study's, counts as missing, and
    its row in `runs` has the reason. Raises `StoreError` if a newer tfrl stored one.

    Args:
      engine: finds the current code of pipelines; tests replace it.
    """
    store = RunStore(study, root)
    entries = store.entries()
    concatenators = {name: TableConcatenator(schema) for name, schema in tables.SCHEMAS.items()}
    for number, entry in enumerate(entries):
        if entry.status == "finished":
            try:
                for name, table in store.tables(entry).items():
                    concatenators[name].add(table, number)
            except DamagedError as error:
                entries[number] = StoredRun(entry.run, "missing", str(error), {}, "damaged")

    stored = [entry.manifest for entry in entries if entry.manifest]
    return Results(
        study=study,
        episodes=_frame(study, entries, concatenators["episodes"]),
        evaluations=_frame(study, entries, concatenators["evaluations"]),
        losses=_frame(study, entries, concatenators["losses"]),
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


def _frame(
    study: Study, entries: Sequence[StoredRun], concatenator: TableConcatenator
) -> pd.DataFrame:
    """Returns the rows of all runs, with the key columns of each run."""
    numbers, columns = concatenator.finish()
    keys = {name: values.take(numbers) for name, values in _keys(study, entries).items()}
    for name, order in _orders(study).items():
        if name in columns:
            categories = dict.fromkeys([*order, *columns[name].categories])
            columns[name] = columns[name].set_categories(list(categories))
    return pd.DataFrame(keys | columns, copy=False)


def _orders(study: Study) -> dict[str, Sequence[str]]:
    """Returns the order of the categories of columns."""
    level_configs = [environment.level_config for environment in study.environments]
    variations = [name for levels in level_configs for name in (levels.variation, *levels.test)]
    return {"split": SPLITS, "variation": variations, "policy": POLICIES}


def _runs(study: Study, entries: Sequence[StoredRun]) -> pd.DataFrame:
    """Returns a row for each planned run, with missing values where nothing is stored."""
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
    """Returns the columns that identify the run, with one row for each entry."""

    def labels(values: list[str], order: Sequence[Any]) -> pd.Categorical:
        return pd.Categorical(values, categories=[item.name for item in order])

    runs = [entry.run for entry in entries]
    return {
        "environment": labels([run.environment.name for run in runs], study.environments),
        "configuration": labels([run.configuration.name for run in runs], study.configurations),
        "seed": np.array([run.seed for run in runs], dtype=np.int64),
    }


def _settings(entries: Sequence[StoredRun], part: str) -> dict[str, Any]:
    """Returns a part of each configuration's settings, from its first stored run."""
    settings: dict[str, Any] = {}
    for entry in entries:
        if entry.manifest:
            settings.setdefault(entry.run.configuration.name, entry.manifest["configuration"][part])
    return settings


def common(manifests: Sequence[Manifest]) -> dict[str, Any]:
    """Returns the code, packages and machine of the runs; a list of distinct values if they differ.

    Values that an earlier version of tfrl did not store are None.
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
    """Returns the commands, times and memory of the runs."""
    peaks = [peak for item in manifests if (peak := item.get("peak_memory_mib")) is not None]
    return {
        "diff_sha256": _shared([_diff(item) for item in manifests]),
        "command": _shared([item.get("command") for item in manifests]),
        "started": min((item["started"] for item in manifests), default=None),
        "finished": max((item["finished"] for item in manifests), default=None),
        "peak_memory": f"{max(peaks):,} MiB in one worker process" if peaks else None,
    }


def _diff(manifest: Manifest) -> str | None:
    """Returns the SHA-256 of the diff to the git revision, "none" without one, None if unknown."""
    unchanged = manifest["git"] and not manifest["git"].endswith("+changes")
    return "none" if unchanged else manifest.get("diff_sha256")


def _shared(values: Sequence[Any]) -> Any:
    """Returns the common value, the list of distinct values, or None without values."""
    distinct: list[Any] = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct if len(distinct) > 1 else next(iter(distinct), None)
