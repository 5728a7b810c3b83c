"""`tfrl compare`: compare two configurations of any stored studies."""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli.verb import OK, Command, add_reports

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    for side in ("first", "second"):
        parser.add_argument(side, metavar="STUDY/CONFIGURATION", help="such as cartpole/ppo")
    add_reports(parser)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import published_results
    from tfrl.harness.store import joined_results
    from tfrl.report.document import document

    results = joined_results.load(arguments.first, arguments.second, arguments.runs, engine)
    page = document(results)
    print(f"{report.in_terminal(page)}\n")
    destination = (
        published_results.unpublished_folder("compare", arguments.reports) / results.study.name
    )
    print(report.write(page, destination))
    return OK


VERB = Command(
    name="compare",
    summary="compare two configurations",
    description="""\
Compare two configurations of any stored studies on the environments that both have: the answers
here, and a page with their figures and tables.""",
    example="""\
examples:
  tfrl compare cartpole/ppo cartpole/apo
  tfrl compare cartpole/ppo my/own/study.toml/mine""",
    add_arguments=_add_arguments,
    execute=_execute,
)
