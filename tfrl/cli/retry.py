"""`tfrl retry`: make the failed runs of a study again."""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli import making
from tfrl.cli.verb import Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.execution import plan
    from tfrl.harness.studies import study as studies

    study = studies.load(studies.find(arguments.study))
    return making.make(
        arguments, engine, study, study.seeds, lambda store: plan.failed(store, engine)
    )


VERB = Command(
    name="retry",
    summary="make the failed runs of a study again",
    description="""\
Run all failed runs of a study again, and no others. A run is a
function of its settings and its seed, so one that raised an error of its own raises it again until
the code or the study is changed.""",
    example="""\
example:
  tfrl retry cartpole""",
    add_arguments=making.add_arguments,
    execute=_execute,
)
