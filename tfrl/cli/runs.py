"""`tfrl runs`: all that is stored, its size, and what is of no use any more."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tfrl.cli.verb import MISTAKE, OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.store.inventory import Item
    from tfrl.harness.store.run_store import RunStore

_REASONS = 10  # what a screen has room for beside a table


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "a study's TOML file, or its name (default: all that have runs)"
    parser.add_argument("studies", nargs="*", metavar="STUDY", help=help_)
    parser.add_argument("--json", action="store_true", help="print JSON, an object for each study")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--prune",
        action="store_true",
        help="remove what is out of date, replaced or orphaned; never a run that counts",
    )
    what.add_argument(
        "--restore",
        action="store_true",
        help="bring back replaced runs that count, where what replaced them does not",
    )


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.errors import HarnessError

    status, told = OK, []
    act = _prune if arguments.prune else _restore if arguments.restore else _list
    for name in _names(arguments):
        try:
            store = _store(arguments, name)
            told.append({"study": name, **act(arguments, engine, name, store)})
        except HarnessError as error:
            print(f"tfrl: {error}", file=sys.stderr)
            status = MISTAKE
    if arguments.json:
        print(json.dumps(told, indent=1))
    elif arguments.prune:
        _print_pruned(told)
    elif arguments.restore:
        _print_restored(told)
    elif told or status == OK:
        _print_list(told, arguments.runs)
    return status


def _names(arguments: argparse.Namespace) -> list[str]:
    """The studies that are meant: those named, or all that have runs."""
    from tfrl.harness.store import inventory

    stored = [folder.name for folder in inventory.folders(arguments.runs)]
    return list(dict.fromkeys(arguments.studies or stored))


def _store(arguments: argparse.Namespace, name: str) -> "RunStore | None":
    """Returns the run store of a study; None if it has stored runs, but its file is gone.

    Raises `StudyError`.
    """
    from tfrl.harness.store import inventory
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies import study as studies

    folder = {path.name: path for path in inventory.folders(arguments.runs)}.get(name)
    if folder is None:
        return RunStore(studies.load(studies.find(name)), arguments.runs)
    study = inventory.find_study(folder)
    return RunStore(study, arguments.runs) if study else None


def _list(
    arguments: argparse.Namespace, engine: "Engine", name: str, store: "RunStore | None"
) -> dict[str, Any]:
    from tfrl.harness.store import inventory

    folder = arguments.runs / name
    items = inventory.list_study(store, engine) if store else inventory.list_orphaned(folder)
    return {"runs": list(map(_plain, items))}


def _prune(
    arguments: argparse.Namespace, engine: "Engine", name: str, store: "RunStore | None"
) -> dict[str, Any]:
    from tfrl.harness.store import inventory

    folder = arguments.runs / name
    items = inventory.prune(store, engine) if store else inventory.prune_orphaned(folder)
    return {"removed": list(map(_plain, items))}


def _restore(
    arguments: argparse.Namespace, engine: "Engine", name: str, store: "RunStore | None"
) -> dict[str, Any]:
    from tfrl.harness.store import inventory

    back, left = inventory.restore(store, engine) if store else ([], [])
    return {"restored": list(map(_plain, back)), "left": list(map(_plain, left))}


def _plain(item: "Item") -> dict[str, Any]:
    return {
        "path": str(item.path),
        "kind": item.kind,
        "note": item.note,
        "bytes": item.size,
        "useless": item.is_prunable,
    }


def _print_list(told: Sequence[dict[str, Any]], root: object) -> None:
    from tabulate import tabulate

    from tfrl.harness.store.inventory import KINDS

    rows = []
    for entry in told:
        counts = Counter(item["kind"] for item in entry["runs"])
        rows.append([entry["study"], *(counts[kind] for kind in KINDS), _size(entry["runs"])])
    everything = [item for entry in told for item in entry["runs"]]
    if not everything:
        print(f"no run is stored in {root}")
        return
    headers = ["study", *KINDS, "size"]
    align = ("left", *("right",) * (len(KINDS) + 1))
    print(tabulate(rows, headers, tablefmt="simple", disable_numparse=True, colalign=align))
    _print_reasons([(e["study"], item) for e in told for item in e["runs"]])
    useless = [item for item in everything if item["useless"]]
    if useless:
        print(f"`tfrl runs --prune` would remove {len(useless)} of these: {_size(useless)}")


def _print_reasons(items: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """A line for each reason why runs do not count, the most frequent first."""
    reasons = Counter((name, i["kind"], i["note"][:300]) for name, i in items if i["note"])
    for (name, kind, note), count in reasons.most_common(_REASONS):
        print(f"{name}: {count} {kind}: {note}")
    if len(reasons) > _REASONS:
        print(f"{len(reasons) - _REASONS} more reasons: --json tells them")


def _print_pruned(told: Sequence[dict[str, Any]]) -> None:
    for entry in told:
        counts = Counter(item["kind"] for item in entry["removed"])
        if counts:
            kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
            print(f"{entry['study']}: removed {kinds}: {_size(entry['removed'])}")
    if not any(entry["removed"] for entry in told):
        print("nothing to remove")


def _print_restored(told: Sequence[dict[str, Any]]) -> None:
    for entry in told:
        print(f"{entry['study']}: {len(entry['restored'])} brought back, which count again")
        reasons = Counter(item["note"][:300] for item in entry["left"])
        for note, count in reasons.most_common(_REASONS):
            print(
                f"{entry['study']}: {count} left, which would not count: {note}; undo that change "
                "first"
            )


def _size(items: Sequence[dict[str, Any]]) -> str:
    total = sum(item["bytes"] for item in items)
    return f"{total / 1e6:,.1f} MB" if total >= 1e6 else f"{total / 1e3:.0f} kB"


VERB = Command(
    name="runs",
    summary="show all that is stored, and remove or bring back runs",
    description="""\
Show what is stored of each study: runs that count, failed, out of date and damaged ones, runs that
others have replaced, checkpoints of unfinished runs, and what no study has any more; why runs do
not count; and what all that takes on the disk. The last finished run that another one replaced is
kept until the next one is, and can be brought back once the study and the code are as before.""",
    example="""\
examples:
  tfrl runs                     everything in runs/
  tfrl runs cartpole --prune    remove what is out of date, replaced or orphaned
  tfrl runs cartpole --restore  bring replaced runs back that count again""",
    add_arguments=_add_arguments,
    execute=_execute,
)
