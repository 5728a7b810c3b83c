"""`tfrl status`: what has become of the runs of a study."""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli.counting import by_configuration, failures, not_counting, total
from tfrl.cli.verb import FINE, Verb, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness import notices
    from tfrl.harness import study as studies
    from tfrl.harness.ledger import Ledger

    study = studies.load(studies.find(arguments.study))
    ledger = Ledger(study, arguments.runs)
    at_work = "runs are being made" if ledger.is_locked() else "no run is being made"
    entries = ledger.entries()
    print(f"{study.name}: {total(entries)} in {ledger.folder}; {at_work}")
    print(by_configuration(study, entries))
    for line in [*failures(entries), *not_counting(entries)]:
        print(line)
    if failed := [entry.run for entry in entries if entry.status == "failed"]:
        print(f"`tfrl show {study.name}/{failed[0]}` tells more of a failed run")
    makers = [notices.maker(entry.manifest) for entry in entries if entry.status == "finished"]
    for sentence in (*notices.of_counted(ledger, entries, engine), notices.unlike(makers)):
        print(sentence, end="\n" if sentence else "")
    return FINE


VERB = Verb(
    name="status",
    summary="show what has become of the runs of a study",
    description="""\
Show how many runs of each configuration of a study are planned, and of those finished, failed and
missing; which failed and why; which are stored and do not count, and why; and whether a `tfrl run`
or `tfrl retry` is at work on them. `tfrl show` tells more of one run.""",
    example="""\
example:
  tfrl status cartpole""",
    add_arguments=add_study,
    execute=_execute,
)
