"""`tfrl publish`: note what the runs of a study came to, for others to compare with."""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli.verb import FINE, Verb, add_reports, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_reports(parser)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness import plan, published
    from tfrl.harness import study as studies
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.ledger import Ledger

    study = studies.load(studies.find(arguments.study))
    ledger = Ledger(study, arguments.runs)
    if tasks := plan.make(ledger, engine, study.seeds):
        raise HarnessError(
            f"{len(tasks)} of {len(study.runs())} runs of {study.name} are still to be made, so it "
            f"cannot be published: `tfrl run {arguments.study}` makes them"
        )
    place = published.place(study, arguments.reports)
    published.write(published.collect(ledger), place)
    print(place)
    return FINE


VERB = Verb(
    name="publish",
    summary="note what a study's runs came to, to compare others with",
    description="""\
Note the fingerprints of all runs of a study beside its report, for `tfrl verify` to compare with.
For those who publish a report, together with it: nothing else writes them, so that whoever makes
the runs and the report again still compares with what was published.""",
    example="""\
example:
  tfrl publish cartpole     writes reports/cartpole/published.json""",
    add_arguments=_add_arguments,
    execute=_execute,
)
