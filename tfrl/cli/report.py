"""`tfrl report`: write the report of a study."""

import argparse
import sys
from typing import TYPE_CHECKING

from tfrl.cli.verb import OK, Command, add_reports, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_reports(parser)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import published_results
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.store.stored_results import load
    from tfrl.harness.studies import study as studies

    study = studies.load(studies.find(arguments.study))
    results = load(study, arguments.runs, engine)
    for notice in results.notices:
        print(notice, file=sys.stderr)
    if (results.runs["status"] == "missing").all():
        raise HarnessError(
            f"no usable run of {study.name} is stored in {arguments.runs / study.name}: "
            f"`tfrl run {arguments.study}` makes them"
        )
    destination = published_results.unpublished_folder(study.name, arguments.reports)
    published = published_results.published_path(study, arguments.reports)
    print(report.render(results, destination, published))
    return OK


VERB = Command(
    name="report",
    summary="write the report of a study",
    description="""\
Write the report of a study: one page that opens from disk, its figures and its tables. Runs that
are still missing are counted as such, so a report can be made at any time. It is written beside
what was published, which stays as it is, and says how its runs compare with the published ones.""",
    example="""\
example:
  tfrl report cartpole     writes reports/own/cartpole/index.html""",
    add_arguments=_add_arguments,
    execute=_execute,
)
