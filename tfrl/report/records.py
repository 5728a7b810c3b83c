"""What was run and how, as it closes a page: ledger, failures, settings, versions and machine."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from tfrl.harness.errors import printable
from tfrl.harness.storage import Results
from tfrl.harness.study import Study
from tfrl.report import losses
from tfrl.report.blocks import Cell, Data, Heading, Part, Section, Table
from tfrl.report.style import Look, Looks
from tfrl.report.wording import KEPT, number

COUNTS = ("planned", "finished", "failed", "missing")
SETTINGS = ("configuration", "pipeline", "hyperparameter", "value", "default")
SECONDS = ("compile", "train", "evaluate", "total")


def sections(results: Results, looks: Looks) -> tuple[Section, ...]:
    """The same for every study."""
    runs = results.runs
    environments = _where(results.study)
    failed = failures(runs, looks, environments)
    settled = settings(results.study, results.hyperparameters, results.defaults, looks)
    amiss: tuple[Part, ...] = (Heading("What went wrong"), failed) if failed.rows else ()
    logged = losses.section(results, looks)
    return (
        Section("runs", "Runs", (ledger(runs, looks, environments), *amiss)),
        Section("settings", "Settings", (settled,)),
        *([logged] if logged else []),
        Section("manifest", "How it was made", (manifest(results.manifest), fingerprints(runs))),
    )


def _where(study: Study) -> dict[str, str]:
    """What to say of each environment beside a configuration: nothing if there is one only."""
    ids = [environment.id for environment in study.environments]
    if len(ids) == 1:
        return {environment.name: "" for environment in study.environments}
    distinct = len(set(ids)) == len(ids)
    return {e.name: e.id if distinct else e.name for e in study.environments}


def agent(look: Look, detail: str = "") -> Cell:
    """The head of a row that is about one configuration."""
    return Cell(look.label, detail, colour=look.colour)


def ledger(runs: pd.DataFrame, looks: Looks, environments: Mapping[str, str]) -> Table:
    """Planned, finished, failed and missing runs of each configuration, and their seconds."""
    groups = runs.groupby(["environment", "configuration"], observed=True)
    counts = groups["status"].value_counts().unstack("status")
    counts = counts.reindex(columns=["finished", "failed", "missing"]).fillna(0).astype(int)
    counts.insert(0, "planned", counts.sum(axis=1))
    data = counts.join(groups[[f"{part}_seconds" for part in SECONDS]].sum()).reset_index()
    rows = [
        (
            agent(looks[row["configuration"]], environments[row["environment"]]),
            *_ledger_numbers(row),
        )
        for _, row in data.iterrows()
    ]
    rows.append((Cell("All"), *_ledger_numbers(data.sum(numeric_only=True))))
    head = ("Agent", *COUNTS, *(f"{part}, s" for part in SECONDS))
    caption = (
        "Seconds as each run measured them, on one core, summed over the runs. The total holds "
        "whatever else a run needs, and the runs that failed."
    )
    label = "Planned, finished, failed and missing runs"
    return Table(label, "ledger", caption, tuple(map(str.capitalize, head)), tuple(rows), data)


def _ledger_numbers(row: pd.Series) -> Iterator[Cell]:
    for count in COUNTS:
        yield Cell(f"{int(row[count]):,}", number=True)
    for part in SECONDS:
        yield Cell(number(row[f"{part}_seconds"], 1), number=True)


def failures(runs: pd.DataFrame, looks: Looks, environments: Mapping[str, str]) -> Table:
    """Each failed run with its error, and each missing one of which it is known why."""
    told = (runs["status"] == "failed") | ((runs["status"] == "missing") & runs["error"].notna())
    data = runs.loc[told, ["environment", "configuration", "seed", "status", "error"]]
    rows = tuple(
        (
            agent(looks[row["configuration"]], environments[row["environment"]]),
            Cell(f"{row['seed']}", number=True),
            Cell(row["status"]),
            Cell(row["error"] if isinstance(row["error"], str) else "no error was recorded"),
        )
        for _, row in data.iterrows()
    )
    head = ("Agent", "Seed", "Status", "Why")
    return Table("Failed runs", "failures", "", head, rows, data, style="full words")


def fingerprints(runs: pd.DataFrame) -> Data:
    """What each run came to."""
    keys = ["environment", "configuration", "pipeline", "seed"]
    text = (
        "To compare with another machine: tfrl verify says which runs stored there are the same "
        "bits as those of a published report (published.json beside it); since which step the "
        "others differ, and whether their final returns are equivalent nevertheless. The "
        "SHA-256 over the tables and final weights of each run that this page is about:"
    )
    return Data("fingerprints", text, runs[[*keys, "status", "fingerprint", "code", "updates"]])


def settings(
    study: Study,
    hyperparameters: Mapping[str, Mapping[str, Any]],
    defaults: Mapping[str, Mapping[str, Any]],
    looks: Looks,
) -> Table:
    """The hyperparameters of each configuration, apart those that differ from the defaults."""
    rows, data = [], []
    for configuration in study.configurations:
        name = configuration.name
        values = hyperparameters.get(name, {})
        usual = defaults.get(name, {})
        differs = {key: value != usual.get(key) for key, value in values.items()}
        parts = {True: "none", False: "none"} if values else {True: "not known", False: "not known"}
        for side in parts:
            words = [
                f"{key}{KEPT}= {json.dumps(values[key])}" for key in values if differs[key] is side
            ]
            parts[side] = ", ".join(words) or parts[side]
        rows.append((agent(looks[name], configuration.pipeline), *map(Cell, parts.values())))
        data += [
            (name, configuration.pipeline, key, json.dumps(value), json.dumps(usual.get(key)))
            for key, value in values.items()
        ]
    return Table(
        "Hyperparameters of each agent",
        "settings",
        "Hyperparameters as the runs had them.",
        ("Agent", "Not as by default", "As the pipeline has them by default"),
        tuple(rows),
        pd.DataFrame(data, columns=list(SETTINGS)),
        style="full settings",
    )


def manifest(values: Mapping[str, Any]) -> Table:
    """What all runs share, a row an entry; nested entries are flattened."""
    pairs = list(_flat(values))
    rows = tuple((Cell(key.replace("_", " ")), Cell(value)) for key, value in pairs)
    data = pd.DataFrame(pairs, columns=["key", "value"])
    return Table("Versions and machine", "manifest", "", ("", ""), rows, data, style="full words")


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key} · ")
        else:
            yield printable(f"{before}{key}"), printable(_words(value))


def _words(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, list | tuple):
        return " · ".join(_words(item) for item in value)
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)
