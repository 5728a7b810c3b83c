"""`tfrl show`: what is stored of one run."""

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrl.cli.verb import OK, Command

if TYPE_CHECKING:
    import pandas as pd

    from tfrl.harness.engine import Engine
    from tfrl.harness.store.manifest import Manifest

_WIDTH = 80  # characters of a value
_POINTS = 32  # of a curve
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-=+*#@"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "STUDY/ENVIRONMENT/CONFIGURATION/SEED, or the folder that the run is stored in"
    parser.add_argument("run", metavar="RUN", help=help_)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tabulate import tabulate

    from tfrl.harness.errors import HarnessError, OutdatedError, printable
    from tfrl.harness.store import manifest as manifests
    from tfrl.harness.store.loading import find

    folder = find(arguments.run, arguments.runs)
    try:
        manifest = manifests.read(folder / "manifest.json")
    except OutdatedError as error:
        raise HarnessError(f"{folder} was {error}") from None
    told = {**_outcome(manifest, folder), **_settings(manifest), **_provenance(manifest, folder)}
    rows = [(key, _wrapped(printable(_words(value)))) for key, value in told.items()]
    print(tabulate(rows, tablefmt="plain", disable_numparse=True))
    if losses := _losses(manifest, folder):
        print("", losses, sep="\n")
    if manifest["error"]:
        print("", *map(printable, manifest["error"]["traceback"].splitlines()), sep="\n")
    return OK


def _outcome(manifest: "Manifest", folder: Path) -> dict[str, Any]:
    """What became of the run, and when."""
    from tfrl.harness.execution.progress import duration
    from tfrl.harness.store.manifest import sentence

    timings = manifest["timings"]
    parts = [f"{part} {timings[part]:.1f} s" for part in timings if part != "total"]
    told = {
        "run": str(folder),
        "status": manifest["status"],
        "error": manifest["error"] and sentence(manifest["error"]),
        "attempts": "; ".join(f"{a['ended']} {a['how']}" for a in manifest.get("attempts", ())),
        "started": manifest["started"],
        "duration": ", ".join([duration(timings["total"]), *parts]),
        "updates": manifest["updates"],
        "fingerprint": manifest["fingerprint"],
    }
    return {key: value for key, value in told.items() if value not in (None, "")}


def _settings(manifest: "Manifest") -> dict[str, Any]:
    """What decided the outcome of the run, but for the code."""
    environment, evaluation = manifest["environment"], manifest["evaluation"]
    return {
        "environment": environment["id"],
        "variation": environment["variation"],
        "levels": environment["levels"] or "unbounded",
        "tested on": environment["test"] or "no other variation",
        "pipeline": manifest["configuration"]["pipeline"],
        "hyperparameters": manifest["configuration"]["hyperparameters"],
        "seed": manifest["seed"],
        "steps": manifest["steps"],
        "evaluation": f"{evaluation['episodes']} episodes every {evaluation['every']} steps",
    }


def _provenance(manifest: "Manifest", folder: Path) -> dict[str, Any]:
    """What made the run. Earlier versions of tfrl noted less of that."""
    from tfrl.harness.provenance import git

    diff, peak = manifest.get("diff_sha256"), manifest.get("peak_memory_mib")
    return {
        "command": manifest.get("command"),
        "code": manifest["code"],
        "git revision": manifest["git"],
        **({"its changes": git.diff_path(diff, folder.absolute().parents[2])} if diff else {}),
        "lock": manifest["lock_sha256"],
        "versions": manifest["versions"],
        "processor": manifest["processor"],
        "cores": manifest.get("cores"),
        "threads": manifest.get("threads"),
        "instruction set": manifest.get("instruction_set"),
        "variables": manifest.get("variables"),
        "system": manifest.get("system"),
        "peak memory": peak and f"{peak} MiB, of the worker process until this run ended",
    }


def _losses(manifest: "Manifest", folder: Path) -> str:
    """A table with a curve of each loss; empty if none is stored."""
    from tabulate import tabulate

    from tfrl.harness.store import tables

    checksum = (manifest.get("tables_sha256") or {}).get("losses")
    if not checksum:
        return ""
    losses = tables.read(folder / "losses.parquet", tables.LOSSES, checksum).to_pandas()
    rows = []
    for name, values in losses.groupby("name", sort=False, observed=True)["value"]:
        ends = (values.iloc[0], values.iloc[-1], values.min(), values.max())
        rows.append((name, *(f"{value:.4g}" for value in ends), _curve(values)))
    head = ("loss", "first", "last", "lowest", "highest", "over training")
    return tabulate(rows, head, tablefmt="simple", disable_numparse=True) if rows else ""


def _curve(values: "pd.Series") -> str:
    """The values as a line of bars, from the lowest to the highest."""
    import numpy as np

    bars = _BARS if (sys.stdout.encoding or "").lower().startswith("utf") else _ASCII_BARS
    finite = values[np.isfinite(values)]
    if finite.empty:
        return ""
    parts = np.array_split(finite.to_numpy(), min(_POINTS, len(finite)))
    means = np.array([part.mean() for part in parts])
    spread = means.max() - means.min()
    heights = (means - means.min()) / spread if spread else np.zeros(len(means))
    return "".join(bars[round(height * (len(bars) - 1))] for height in heights)


def _words(value: Any) -> str:
    """A value of a manifest, for people."""
    match value:
        case None:
            return "not known"
        case dict():
            return ", ".join(f"{key} = {_words(item)}" for key, item in value.items())
        case list():
            return " ".join(map(_words, value))
    return str(value)


def _wrapped(text: str) -> str:
    """A value in lines, in which paths and hashes stay whole."""
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


VERB = Command(
    name="show",
    summary="show what is stored of a run",
    description="""\
Show what a run was, how it went, and what made it: settings, code, versions and machine. Below are
curves of its losses, or the traceback if it failed. RUN is its name, as other verbs print it, with
the study before it, or the folder that it is stored in.""",
    example="""\
examples:
  tfrl show cartpole/cartpole/ppo/seed-3
  tfrl show cartpole/cartpole/ppo/3
  tfrl show runs/cartpole/cartpole/ppo/seed-3""",
    add_arguments=_add_arguments,
    execute=_execute,
)
