"""`tfrl status` and `tfrl list`: how many runs of each study are stored."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli import status_tables
from tfrl.cli.command import MISTAKE, OK, Command, add_study, load_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _status(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.store import notices
    from tfrl.harness.store.run_store import RunStore

    study = load_study(arguments.study)
    store = RunStore(study, arguments.runs)
    activity = "running" if store.is_locked() else "not running"
    entries = store.entries()
    print(f"{study.name}: {status_tables.total(entries)} in {store.folder}; {activity}")
    print(status_tables.by_configuration(study, entries))
    for line in [*status_tables.failures(entries), *status_tables.not_counted(entries)]:
        print(line)
    if failed := [entry.run for entry in entries if entry.status == "failed"]:
        print(f"`tfrl show {study.name}/{failed[0]}` shows the traceback of a failed run")
    summaries = [
        notices.provenance_summary(entry.manifest)
        for entry in entries
        if entry.status == "finished"
    ]
    for sentence in (
        *notices.of_counted_runs(store, entries, engine),
        notices.describe_differences(summaries),
    ):
        print(sentence, end="\n" if sentence else "")
    return OK


def _list(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tabulate import tabulate

    from tfrl.harness.errors import HarnessError
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies import study as studies

    rows, status = [], OK
    for path in sorted(Path("studies").glob("*.toml"), key=lambda path: path.stem):
        try:
            study = studies.load(path)
            entries = RunStore(study, arguments.runs).entries()
        except HarnessError as error:
            print(f"tfrl: {error}", file=sys.stderr)
            status = MISTAKE
            continue
        rows.append([study.name, study.title, *status_tables.counts(entries)])
    if not rows and status == OK:
        raise HarnessError("no studies found: expected TOML files in ./studies/")
    headers = ["study", "title", *status_tables.COUNTS]
    print(tabulate(rows, headers, tablefmt="simple", disable_numparse=[0, 1]))
    return status


STATUS = Command(
    name="status",
    summary="show the status of the runs of a study",
    description="""\
Show the number of planned, finished, failed and missing runs of each configuration; which runs
failed and why; which stored runs are not counted and why; and whether a `tfrl run` or `tfrl retry`
is running. `tfrl show` shows one run in detail.""",
    example="""\
example:
  tfrl status cartpole""",
    add_arguments=add_study,
    execute=_status,
)
LIST = Command(
    name="list",
    summary="list the studies and the number of stored runs",
    description="List the studies in studies/ and the number of their runs that are stored.",
    example="""\
example:
  tfrl list""",
    add_arguments=lambda parser: None,
    execute=_list,
)
