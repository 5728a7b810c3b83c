"""`tfrl status`: what has become of the runs of a study."""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli.counting import by_configuration, failures, not_counting, total
from tfrl.cli.verb import OK, Command, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.store import notices
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies import study as studies

    study = studies.load(studies.find(arguments.study))
    store = RunStore(study, arguments.runs)
    at_work = "runs are being made" if store.is_locked() else "no run is being made"
    entries = store.entries()
    print(f"{study.name}: {total(entries)} in {store.folder}; {at_work}")
    print(by_configuration(study, entries))
    for line in [*failures(entries), *not_counting(entries)]:
        print(line)
    if failed := [entry.run for entry in entries if entry.status == "failed"]:
        print(f"`tfrl show {study.name}/{failed[0]}` tells more of a failed run")
    makers = [
        notices.provenance_summary(entry.manifest)
        for entry in entries
        if entry.status == "finished"
    ]
    for sentence in (
        *notices.of_counted_runs(store, entries, engine),
        notices.describe_differences(makers),
    ):
        print(sentence, end="\n" if sentence else "")
    return OK


VERB = Command(
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
