"""`tfrl show`: show one stored run."""

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrl.cli.command import OK, Command

if TYPE_CHECKING:
    import pandas as pd

    from tfrl.harness.engine import Engine
    from tfrl.harness.store.manifest import Manifest

_WIDTH = 80  # of a value, in characters
_POINTS = 32  # of a curve, one character each
_BARS, _ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-=+*#@"


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "STUDY/ENVIRONMENT/CONFIGURATION/SEED, or the folder of a stored run"
    parser.add_argument("run", metavar="RUN", help=help_)


def _show(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tabulate import tabulate

    from tfrl.harness.errors import HarnessError, OutdatedError, printable
    from tfrl.harness.store import manifest as manifests
    from tfrl.harness.store.loading import find

    folder = find(arguments.run, arguments.runs)
    try:
        manifest = manifests.read(folder / "manifest.json")
    except OutdatedError as error:
        raise HarnessError(f"{folder} was {error}") from None
    fields = {**_outcome(manifest, folder), **_settings(manifest), **_provenance(manifest, folder)}
    rows = [(key, _wrap(printable(_format(value)))) for key, value in fields.items()]
    print(tabulate(rows, tablefmt="plain", disable_numparse=True))
    if losses := _losses(manifest, folder):
        print("", losses, sep="\n")
    if manifest["error"]:
        print("", *map(printable, manifest["error"]["traceback"].splitlines()), sep="\n")
    return OK


def _outcome(manifest: "Manifest", folder: Path) -> dict[str, Any]:
    """Returns the status, error, times and fingerprint of the run."""
    from tfrl.harness.execution.progress import duration
    from tfrl.harness.store.manifest import sentence

    timings = manifest["timings"]
    parts = [f"{part} {timings[part]:.1f} s" for part in timings if part != "total"]
    fields = {
        "run": str(folder),
        "status": manifest["status"],
        "error": manifest["error"] and sentence(manifest["error"]),
        "attempts": "; ".join(f"{a['ended']} {a['how']}" for a in manifest.get("attempts", ())),
        "started": manifest["started"],
        "duration": ", ".join([duration(timings["total"]), *parts]),
        "updates": manifest["updates"],
        "fingerprint": manifest["fingerprint"],
    }
    return {key: value for key, value in fields.items() if value not in (None, "")}


def _settings(manifest: "Manifest") -> dict[str, Any]:
    """Returns the settings that determine the results, except the code."""
    environment, evaluation = manifest["environment"], manifest["evaluation"]
    return {
        "environment": environment["id"],
        "variation": environment["variation"],
        "levels": environment["levels"] or "unbounded",
        "tested on": environment["test"] or "no shifted levels",
        "pipeline": manifest["configuration"]["pipeline"],
        "hyperparameters": manifest["configuration"]["hyperparameters"],
        "seed": manifest["seed"],
        "steps": manifest["steps"],
        "evaluation": f"{evaluation['episodes']} episodes every {evaluation['every']} steps",
    }


def _provenance(manifest: "Manifest", folder: Path) -> dict[str, Any]:
    """Returns what the run was computed with. Earlier versions of tfrl stored fewer fields."""
    from tfrl.harness.provenance import git

    diff, peak = manifest.get("diff_sha256"), manifest.get("peak_memory_mib")
    return {
        "command": manifest.get("command"),
        "code": manifest["code"],
        "git revision": manifest["git"],
        **(
            {"uncommitted changes": git.diff_path(diff, folder.absolute().parents[2])}
            if diff
            else {}
        ),
        "lock": manifest["lock_sha256"],
        "versions": manifest["versions"],
        "processor": manifest["processor"],
        "cores": manifest.get("cores"),
        "threads": manifest.get("threads"),
        "instruction set": manifest.get("instruction_set"),
        "variables": manifest.get("variables"),
        "system": manifest.get("system"),
        "peak memory": peak and f"{peak} MiB in the worker process, up to the end of this run",
    }


def _losses(manifest: "Manifest", folder: Path) -> str:
    """Returns a table with a curve of each loss; empty if no losses are stored."""
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
    """Returns the values as a row of bars, scaled from the minimum to the maximum."""
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


def _format(value: Any) -> str:
    """Formats a value of a manifest."""
    match value:
        case None:
            return "unknown"
        case dict():
            return ", ".join(f"{key} = {_format(item)}" for key, item in value.items())
        case list():
            return " ".join(map(_format, value))
    return str(value)


def _wrap(text: str) -> str:
    """Wraps lines, but never inside a path or hash."""
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


SHOW = Command(
    name="show",
    summary="show one stored run",
    description="""\
Show the status, settings, code, package versions and machine of a run, with curves of its losses,
or the traceback if it failed. RUN is STUDY/ followed by the name of the run as other commands print
it, or the folder of the run.""",
    example="""\
examples:
  tfrl show cartpole/cartpole/ppo/seed-3
  tfrl show cartpole/cartpole/ppo/3
  tfrl show runs/cartpole/cartpole/ppo/seed-3""",
    add_arguments=_add_arguments,
    execute=_show,
)
