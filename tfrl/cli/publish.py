"""`tfrl publish`: write the report that others read, and what they compare their runs with."""

import argparse
import sys
from typing import TYPE_CHECKING

from tfrl.cli.verb import FINE, Verb, add_reports, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_reports(parser)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import plan, published
    from tfrl.harness import study as studies
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.ledger import Ledger
    from tfrl.harness.storage import load

    study = studies.load(studies.find(arguments.study))
    ledger = Ledger(study, arguments.runs)
    if tasks := plan.make(ledger, engine, study.seeds):
        raise HarnessError(
            f"{len(tasks)} of {len(study.runs())} runs of {study.name} are still to be made, so it "
            f"cannot be published: `tfrl run {arguments.study}` makes them"
        )
    place = published.place(study, arguments.reports)
    outcomes = published.collect(ledger)
    results = load(study, arguments.runs, engine)
    for notice in results.notices:
        print(notice, file=sys.stderr)
    page = report.render(results, place.parent)
    published.write(outcomes, place)
    print(page)
    return FINE


VERB = Verb(
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
