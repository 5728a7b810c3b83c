"""`tfrl list`: the studies there are, and how much of each is stored."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli.counting import COUNTED, counts
from tfrl.cli.verb import MISTAKE, OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    """Takes none."""


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
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
        rows.append([study.name, study.title, *counts(entries)])
    if not rows and status == OK:
        raise HarnessError("there are no studies: expected TOML files in studies/ of this folder")
    headers = ["study", "title", *COUNTED]
    print(tabulate(rows, headers, tablefmt="simple", disable_numparse=[0, 1]))
    return status


VERB = Command(
    name="list",
    summary="show the studies and what is stored",
    description="Show the studies in studies/ and how many of their runs are stored.",
    example="""\
example:
  tfrl list""",
    add_arguments=_add_arguments,
    execute=_execute,
)
