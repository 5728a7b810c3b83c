"""`tfrl publish`: write the report that others read, and what they compare their runs with."""

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
    from tfrl.harness.execution import plan
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.store.stored_results import load
    from tfrl.harness.studies import study as studies

    study = studies.load(studies.find(arguments.study))
    store = RunStore(study, arguments.runs)
    if tasks := plan.make(store, engine, study.seeds):
        raise HarnessError(
            f"{len(tasks)} of {len(study.runs())} runs of {study.name} are still to be made, so it "
            f"cannot be published: `tfrl run {arguments.study}` makes them"
        )
    place = published_results.published_path(study, arguments.reports)
    outcomes = published_results.collect(store)
    results = load(study, arguments.runs, engine)
    for notice in results.notices:
        print(notice, file=sys.stderr)
    page = report.render(results, place.parent)
    published_results.write(outcomes, place)
    print(page)
    return OK


VERB = Command(
    name="publish",
    summary="write the report of a study for others to compare with",
    description="""\
Write the report of a study, all runs of which are there, to where the published reports are, with
the fingerprints of its runs for `tfrl verify`. For those who commit the report: nothing else writes
there, so whoever makes the runs and a report again still compares with what was published.""",
    example="""\
example:
  tfrl publish cartpole     writes reports/cartpole/""",
    add_arguments=_add_arguments,
    execute=_execute,
)
