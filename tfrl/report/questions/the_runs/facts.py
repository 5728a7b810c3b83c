"""Counts of runs, failures, hyperparameters, versions and machine."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.harness.errors import printable
from tfrl.harness.store.stored_results import Results

MAIN = ("versions · python", "versions · tensorflow", "versions · tf-agents", "versions · tfrl",
        "system", "processor · model", "git")  # fmt: skip
STATUS = ["finished", "failed", "missing"]
SECONDS = ["compile_seconds", "train_seconds", "evaluate_seconds", "total_seconds"]


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of one configuration that differ from its pipeline's defaults, as JSON."""

    name: str
    pipeline: str
    changed: tuple[tuple[str, str], ...]
    known: bool


@dataclass(frozen=True)
class Facts:
    """The records of a study."""

    note: str  # origin of its settings
    counted: tuple[dict[str, Any], ...]  # rows of the table "ledger"
    total: dict[str, Any]  # its sum
    seconds: list[str]  # its columns of seconds
    failures: tuple[dict[str, Any], ...]  # failed runs, and missing ones with a known reason
    settings: tuple[Settings, ...]
    made: tuple[tuple[str, str], ...]  # the main versions, and the machine
    several: bool  # environments
    tables: dict[str, pd.DataFrame]


def find(results: Results) -> Facts:
    """Returns the facts."""
    runs = results.runs
    ledger = _ledger(runs)
    shown = (runs["status"] == "failed") | ((runs["status"] == "missing") & runs["error"].notna())
    failed = runs.loc[shown, ["environment", "configuration", "seed", "status", "error"]]
    settings = _settings(results)
    manifest = list(_flat(results.manifest))
    keys = ["environment", "configuration", "pipeline", "seed"]
    return Facts(
        note=results.study.note,
        counted=tuple(ledger.to_dict("records")),
        total={key: ledger[key].sum() for key in ("planned", *STATUS, *SECONDS)},
        seconds=SECONDS,
        failures=tuple(failed.fillna({"error": "no error was recorded"}).to_dict("records")),
        settings=tuple(
            Settings(
                c.name,
                c.pipeline,
                tuple(
                    (key, json.dumps(value))
                    for key, value in results.hyperparameters.get(c.name, {}).items()
                    if value != results.defaults.get(c.name, {}).get(key)
                ),
                bool(results.hyperparameters.get(c.name)),
            )
            for c in results.study.configurations
        ),
        made=tuple(
            (printable(key), printable(value)) for key, value in manifest if key.startswith(MAIN)
        ),
        several=len(results.study.environments) > 1,
        tables={"ledger": ledger, "failures": failed, "settings": settings}
        | {"manifest": pd.DataFrame(manifest, columns=["key", "value"])}
        | {"fingerprints": runs[[*keys, "status", "fingerprint", "code", "updates"]]},
    )


def _ledger(runs: pd.DataFrame) -> pd.DataFrame:
    """Returns [environment, configuration, planned, *STATUS, *SECONDS]; seconds are sums."""
    groups = runs.groupby(["environment", "configuration"], observed=True)
    counts = groups["status"].value_counts().unstack("status")
    counts = counts.reindex(columns=STATUS).fillna(0).astype(int)
    counts.insert(0, "planned", counts.sum(axis=1))
    return counts.join(groups[SECONDS].sum()).reset_index()


def _settings(results: Results) -> pd.DataFrame:
    """Returns [configuration, pipeline, hyperparameter, value, default], the last two as JSON."""
    rows = [
        (c.name, c.pipeline, key, json.dumps(value), json.dumps(defaults.get(key)))
        for c in results.study.configurations
        for defaults in [results.defaults.get(c.name, {})]
        for key, value in results.hyperparameters.get(c.name, {}).items()
    ]
    columns = ["configuration", "pipeline", "hyperparameter", "value", "default"]
    return pd.DataFrame(rows, columns=columns)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yields the entries of nested mappings, with their keys joined by dots."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} · ")
        else:
            yield f"{prefix}{key}".replace("_", " "), _text(value)


def _text(value: Any) -> str:
    """Returns a value of the manifest as text."""
    if value is None:
        return "not known"
    if isinstance(value, list | tuple):
        return " · ".join(_text(item) for item in value)
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)
