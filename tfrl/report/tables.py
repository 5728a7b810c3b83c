"""The report's tables: for reading, and with full precision as CSV."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from tfrl.analysis.evidence import BOOTSTRAP_MINIMUM
from tfrl.report.blocks import Cell, Table
from tfrl.report.style import Look, Looks
from tfrl.report.wording import interval, number, places, whole

CLAIMS = {
    "a": "(a) Mean return, first 20% of steps",
    "b1": "(b) Deepest fall below the threshold",
    "b2": "(b) Spread within a run, last half",
}


def performance(slug: str, final: pd.DataFrame, training: pd.DataFrame, looks: Looks) -> Table:
    """Final performance, a row per configuration.

    Args:
      final, training: as `evidence.summarise` gives them for the two scores, same rows.
    """
    head = ("Agent", "Seeds finished", "Failed", "Median", "IQM", "Mean", "Lowest", "Highest")
    rows = []
    for (_, row), (_, last) in zip(final.iterrows(), training.iterrows(), strict=True):
        digits = _places(row)
        failed = row["failed"] + row["unscored"]
        rows.append(
            (
                _agent(looks[row["configuration"]]),
                Cell(f"{row['n']} of {row['planned']}", number=True),
                Cell(f"{failed}", number=True),
                *(_estimate(row, statistic) for statistic in ("median", "iqm", "mean")),
                *(_value(row[extreme], digits, row["note"]) for extreme in ("min", "max")),
                _estimate(last, "mean"),
            )
        )
    data = pd.concat([final.assign(score="evaluation"), training.assign(score="training")])
    return Table(
        slug,
        _performance_caption(int(final["n"].max())),
        (*head, "Last 100 training episodes"),
        tuple(rows),
        data,
    )


def _performance_caption(n: int) -> str:
    further = f", {(n - 1) / (n + 1):.0%} for {n} seeds" if n > 1 else ""
    return (
        "Final performance of a seed is the mean return of the greedy policy's evaluation episodes "
        "at the last scheduled evaluation. With each estimate its 95% interval over the seeds: "
        "percentile bootstrap, 10,000 draws, for median and IQM (somewhat too narrow on few seeds, "
        f"so none below {BOOTSTRAP_MINIMUM}); Student's t for the mean, which may reach past a cap "
        "on the return. The IQM leaves out the lowest and the highest quarter, and with them any "
        "seed that collapsed: read it beside the lowest. A further seed would fall between the "
        f"lowest and the highest with probability (n − 1)/(n + 1){further}. Failed runs are "
        "counted, but have no score. The last column is the mean over seeds of the return of the "
        "last 100 training episodes, in which the agent explores."
    )


def claims(slug: str, table: pd.DataFrame, threshold: float | None) -> Table:
    """APO against PPO: a row per claim."""
    head = ("Measure", "APO", "PPO", "APO − PPO", "Verdict")
    rows = []
    for _, row in table.iterrows():
        digits = places(row["low"], row["high"])
        bounds = interval(row["low"], row["high"]) or row["note"]
        runs = {
            side: f"{row[f'{side}_n']} of {row[f'{side}_runs']} runs" for side in ("apo", "ppo")
        }
        rows.append(
            (
                Cell(CLAIMS[row["claim"]]),
                *(_value(row[side], digits + 1, "no value", n) for side, n in runs.items()),
                _value(row["difference"], digits, row["note"], bounds),
                Cell(row["verdict"]),
            )
        )
    return Table(slug, _claims_caption(threshold), head, tuple(rows), table)


def _claims_caption(threshold: float | None) -> str:
    fall = "Gymnasium sets no threshold for this environment, so a fall is not defined. "
    if threshold is not None:
        fall = (
            f"The fall is how far the 100-episode moving average sank below {threshold:g} "
            "(Gymnasium's threshold) after first reaching it, 0 if it never did; runs that never "
            "reached it have no value. A run that reached it late had less time to fall. "
        )
    return (
        "Each run gives one value a measure; the means over runs are compared, with Welch's 95% "
        "interval beside the difference. Each claim says that APO's number is the lower one: "
        "supported if the interval lies wholly below 0, not supported if wholly above, and "
        f"inconclusive if it covers 0. {fall}The spread is the standard deviation of the episode "
        "return within a run. The intervals are not corrected for being several."
    )


def ledger(runs: pd.DataFrame, looks: Looks, environments: Mapping[str, str]) -> Table:
    """Planned, finished, failed and missing runs of each configuration, and their seconds."""
    seconds = ["compile_seconds", "train_seconds", "evaluate_seconds"]
    groups = runs.groupby(["environment", "configuration"], observed=True)
    counts = groups["status"].value_counts().unstack("status")
    counts = counts.reindex(columns=["finished", "failed", "missing"]).fillna(0).astype(int)
    counts.insert(0, "planned", counts.sum(axis=1))
    data = counts.join(groups[seconds].sum()).reset_index()
    where = environments if len(environments) > 1 else dict.fromkeys(environments, "")
    rows = []
    for _, row in data.iterrows():
        rows.append(
            (
                _agent(looks[row["configuration"]], where[row["environment"]]),
                *(Cell(f"{row[c]:,}", number=True) for c in counts.columns),
                *(Cell(number(row[column], 1), number=True) for column in seconds),
            )
        )
    head = (
        "Agent",
        "Planned",
        "Finished",
        "Failed",
        "Missing",
        "Compile, s",
        "Train, s",
        "Evaluate, s",
    )
    caption = "Seconds as each run measured them, on one core, summed over the runs."
    return Table("ledger", caption, head, tuple(rows), data)


def failures(runs: pd.DataFrame, looks: Looks, environments: Mapping[str, str]) -> Table:
    """Each failed run with its error, and each missing one of which it is known why."""
    told = (runs["status"] == "failed") | ((runs["status"] == "missing") & runs["error"].notna())
    data = runs.loc[told, ["environment", "configuration", "seed", "status", "error"]]
    where = environments if len(environments) > 1 else dict.fromkeys(environments, "")
    rows = tuple(
        (
            _agent(looks[row["configuration"]], where[row["environment"]]),
            Cell(f"{row['seed']}", number=True),
            Cell(row["status"]),
            Cell(row["error"] if isinstance(row["error"], str) else "no error was recorded"),
        )
        for _, row in data.iterrows()
    )
    return Table("failures", "", ("Agent", "Seed", "Status", "Why"), rows, data)


def fingerprints(runs: pd.DataFrame) -> pd.DataFrame:
    """What each run came to, to compare with another machine's."""
    keys = ["environment", "configuration", "pipeline", "seed"]
    return runs[[*keys, "status", "fingerprint", "code", "updates"]]


def manifest(values: Mapping[str, Any]) -> Table:
    """What all runs share, a row an entry; nested entries are flattened."""
    pairs = list(_flat(values))
    rows = tuple((Cell(key.replace("_", " ")), Cell(value)) for key, value in pairs)
    return Table("manifest", "", ("", ""), rows, pd.DataFrame(pairs, columns=["key", "value"]))


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key} · ")
        else:
            yield f"{before}{key}", _words(value)


def _words(value: Any) -> str:
    if value is None:
        return "not known"
    if isinstance(value, list | tuple):
        return " · ".join(_words(item) for item in value)
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)


def _agent(look: Look, detail: str = "") -> Cell:
    return Cell(look.label, detail, colour=look.colour)


def _estimate(row: pd.Series, statistic: str) -> Cell:
    """An estimate above its interval, or above why there is none."""
    low, high = row[f"{statistic}_low"], row[f"{statistic}_high"]
    digits = places(low, high) if low < high else _places(row)
    return _value(row[statistic], digits, row["note"], interval(low, high) or row["note"])


def _places(row: pd.Series) -> int:
    """Decimals for a row's numbers: what its mean's interval warrants."""
    if row["min"] == row["max"]:
        return whole(row["min"])
    return places(row["mean_low"], row["mean_high"])


def _value(value: float, digits: int, otherwise: str, detail: str = "") -> Cell:
    """A number, or words where there is none."""
    if not np.isfinite(value):
        return Cell(otherwise, detail if detail != otherwise else "", number=True)
    return Cell(number(value, digits), detail, number=True)
