"""What was run and how: counts, failures, settings, versions and machine."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfrl.harness.errors import printable
from tfrl.harness.store.stored_results import Results

MAIN = ("versions · python", "versions · tensorflow", "versions · tf-agents", "versions · tfrl",
        "system", "processor · model", "git")  # fmt: skip
SECONDS = ("compile", "train", "evaluate", "total")


@dataclass(frozen=True)
class Counted:
    """Runs of one configuration on one environment, and the seconds they took together."""

    name: str
    environment: str
    planned: int
    finished: int
    failed: int
    missing: int
    seconds: tuple[float, ...]  # in the order of `SECONDS`


@dataclass(frozen=True)
class Failure:
    """A run that failed, or is missing for a known reason."""

    name: str
    environment: str
    seed: int
    status: str
    error: str


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of one configuration, as JSON."""

    name: str
    pipeline: str
    own: tuple[tuple[str, str], ...]  # not as the pipeline has them by default
    known: bool


@dataclass(frozen=True)
class Facts:
    """The records of a study."""

    note: str  # how its settings came about
    counted: tuple[Counted, ...]
    total: Counted
    failures: tuple[Failure, ...]
    settings: tuple[Settings, ...]
    made: tuple[tuple[str, str], ...]  # the main versions, and the machine
    several: bool  # environments
    tables: dict[str, pd.DataFrame]


def find(results: Results) -> Facts:
    """The same for every study."""
    runs = results.runs
    store = _store(runs)
    told = (runs["status"] == "failed") | ((runs["status"] == "missing") & runs["error"].notna())
    failed = runs.loc[told, ["environment", "configuration", "seed", "status", "error"]]
    settings = [
        _settings(
            configuration.name,
            configuration.pipeline,
            results.hyperparameters.get(configuration.name, {}),
            results.defaults.get(configuration.name, {}),
        )
        for configuration in results.study.configurations
    ]
    made = list(_flat(results.manifest))
    keys = ["environment", "configuration", "pipeline", "seed"]
    return Facts(
        note=results.study.note,
        counted=tuple(_counted(row) for row in store.to_dict("records")),
        total=_counted(
            {"configuration": "", "environment": ""} | dict(store.sum(numeric_only=True))
        ),
        failures=tuple(_failure(row) for row in failed.to_dict("records")),
        settings=tuple(settings),
        made=tuple(
            (printable(key), printable(value)) for key, value in made if key.startswith(MAIN)
        ),
        several=len(results.study.environments) > 1,
        tables={"ledger": store, "failures": failed}
        | {"settings": _table(results)}
        | {"manifest": pd.DataFrame(made, columns=["key", "value"])}
        | {"fingerprints": runs[[*keys, "status", "fingerprint", "code", "updates"]]},
    )


def _store(runs: pd.DataFrame) -> pd.DataFrame:
    groups = runs.groupby(["environment", "configuration"], observed=True)
    counts = groups["status"].value_counts().unstack("status")
    counts = counts.reindex(columns=["finished", "failed", "missing"]).fillna(0).astype(int)
    counts.insert(0, "planned", counts.sum(axis=1))
    return counts.join(groups[[f"{part}_seconds" for part in SECONDS]].sum()).reset_index()


def _counted(row: Mapping[str, Any]) -> Counted:
    return Counted(
        name=str(row["configuration"]),
        environment=str(row["environment"]),
        **{key: int(row[key]) for key in ("planned", "finished", "failed", "missing")},
        seconds=tuple(float(row[f"{part}_seconds"]) for part in SECONDS),
    )


def _failure(row: Mapping[str, Any]) -> Failure:
    error = row["error"] if isinstance(row["error"], str) else "no error was recorded"
    where = str(row["configuration"]), str(row["environment"])
    return Failure(*where, int(row["seed"]), str(row["status"]), error)


def _settings(
    name: str, pipeline: str, values: Mapping[str, Any], usual: Mapping[str, Any]
) -> Settings:
    own = [(key, json.dumps(value)) for key, value in values.items() if value != usual.get(key)]
    return Settings(name, pipeline, tuple(own), bool(values))


def _table(results: Results) -> pd.DataFrame:
    rows = [
        (
            c.name,
            c.pipeline,
            key,
            json.dumps(value),
            json.dumps(results.defaults.get(c.name, {}).get(key)),
        )
        for c in results.study.configurations
        for key, value in results.hyperparameters.get(c.name, {}).items()
    ]
    columns = ["configuration", "pipeline", "hyperparameter", "value", "default"]
    return pd.DataFrame(rows, columns=columns)


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key} · ")
        else:
            yield f"{before}{key}".replace("_", " "), _words(value)


def _words(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, list | tuple):
        return " · ".join(_words(item) for item in value)
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)
