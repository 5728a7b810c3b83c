"""`tfrl runs`: list everything that is stored, and prune or restore runs."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrl.cli.command import MISTAKE, OK, Command, load_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.store.inventory import Item
    from tfrl.harness.store.run_store import RunStore

_MAX_REASONS = 10  # so that a table and these fit on one screen
_MAX_CHARACTERS = 300  # of a reason


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "a study's TOML file, or its name (default: every study with stored runs)"
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=help_)
    parser.add_argument("--json", action="store_true", help="print JSON, one object per study")
    action = parser.add_mutually_exclusive_group()
    action.add_argument(
        "--prune",
        action="store_true",
        help="delete out-of-date, replaced and orphaned runs, but no run that counts",
    )
    action.add_argument(
        "--restore",
        action="store_true",
        help="restore replaced runs that count, if the run that replaced them does not",
    )


def _runs(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.store import inventory

    stored = [folder.name for folder in inventory.folders(arguments.runs)]
    action = _prune if arguments.prune else _restore if arguments.restore else _list
    status, results = OK, []
    for name in dict.fromkeys(arguments.studies or stored):
        try:
            store = _store(arguments.runs, name)
            results.append({"study": name, **action(engine, store, arguments.runs / name)})
        except HarnessError as error:
            print(f"tfrl: {error}", file=sys.stderr)
            status = MISTAKE
    if arguments.json:
        print(json.dumps(results, indent=1))
    elif arguments.prune:
        _print_pruned(results)
    elif arguments.restore:
        _print_restored(results)
    elif results or status == OK:
        _print_list(results, arguments.runs)
    return status


def _store(root: Path, name: str) -> "RunStore | None":
    """Returns the store of a study; None if runs are stored but the study's file is gone.

    Raises `StudyError`.
    """
    from tfrl.harness.store import inventory
    from tfrl.harness.store.run_store import RunStore

    folder = {path.name: path for path in inventory.folders(root)}.get(name)
    study = load_study(name) if folder is None else inventory.find_study(folder)
    return RunStore(study, root) if study else None


def _list(engine: "Engine", store: "RunStore | None", folder: Path) -> dict[str, Any]:
    from tfrl.harness.store import inventory

    items = inventory.list_study(store, engine) if store else inventory.list_orphaned(folder)
    return {"runs": _to_json(items)}


def _prune(engine: "Engine", store: "RunStore | None", folder: Path) -> dict[str, Any]:
    from tfrl.harness.store import inventory

    items = inventory.prune(store, engine) if store else inventory.prune_orphaned(folder)
    return {"removed": _to_json(items)}


def _restore(engine: "Engine", store: "RunStore | None", folder: Path) -> dict[str, Any]:
    from tfrl.harness.store import inventory

    restored, left = inventory.restore(store, engine) if store else ([], [])
    return {"restored": _to_json(restored), "left": _to_json(left)}


def _to_json(items: "Iterable[Item]") -> list[dict[str, Any]]:
    return [
        {
            "path": str(item.path),
            "kind": item.kind,
            "note": item.note,
            "bytes": item.size,
            "useless": item.is_prunable,
        }
        for item in items
    ]


def _print_list(results: Sequence[dict[str, Any]], root: Path) -> None:
    from tabulate import tabulate

    from tfrl.harness.store.inventory import KINDS

    rows = []
    for result in results:
        counts = Counter(item["kind"] for item in result["runs"])
        rows.append([result["study"], *(counts[kind] for kind in KINDS), _size(result["runs"])])
    items = [(result["study"], item) for result in results for item in result["runs"]]
    if not items:
        print(f"no run is stored in {root}")
        return
    headers = ["study", *KINDS, "size"]
    align = ("left", *("right",) * (len(KINDS) + 1))
    print(tabulate(rows, headers, tablefmt="simple", disable_numparse=True, colalign=align))
    reasons = Counter(
        (study, item["kind"], item["note"][:_MAX_CHARACTERS])
        for study, item in items
        if item["note"]
    )
    for (study, kind, note), count in reasons.most_common(_MAX_REASONS):
        print(f"{study}: {count} {kind}: {note}")
    if len(reasons) > _MAX_REASONS:
        print(f"{len(reasons) - _MAX_REASONS} more reasons: use --json to see all")
    if prunable := [item for _, item in items if item["useless"]]:
        print(f"`tfrl runs --prune` would delete {len(prunable)} of these: {_size(prunable)}")


def _print_pruned(results: Sequence[dict[str, Any]]) -> None:
    for result in results:
        if counts := Counter(item["kind"] for item in result["removed"]):
            kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
            print(f"{result['study']}: deleted {kinds}: {_size(result['removed'])}")
    if not any(result["removed"] for result in results):
        print("nothing to delete")


def _print_restored(results: Sequence[dict[str, Any]]) -> None:
    for result in results:
        print(f"{result['study']}: {len(result['restored'])} restored")
        reasons = Counter(item["note"][:_MAX_CHARACTERS] for item in result["left"])
        for note, count in reasons.most_common(_MAX_REASONS):
            print(f"{result['study']}: {count} not restored: {note}; undo that change first")


def _size(items: Iterable[dict[str, Any]]) -> str:
    total = sum(item["bytes"] for item in items)
    return f"{total / 1e6:,.1f} MB" if total >= 1e6 else f"{total / 1e3:.0f} kB"


RUNS = Command(
    name="runs",
    summary="list everything that is stored, and prune or restore runs",
    description="""\
List what is stored of each study: runs that count; failed, out-of-date and damaged runs; replaced
runs; checkpoints of unfinished runs; orphaned runs, which no study contains; the reasons why runs
do not count; and the size on disk. When a finished run is replaced, the previous one is kept until
the next replacement. It can be restored once the study and the code are as before.""",
    example="""\
examples:
  tfrl runs                     all studies in runs/
  tfrl runs cartpole --prune    delete out-of-date, replaced and orphaned runs
  tfrl runs cartpole --restore  restore replaced runs that count again""",
    add_arguments=_add_arguments,
    execute=_runs,
)
