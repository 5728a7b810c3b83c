"""`tfrl check`: does an environment keep its promises?"""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli.verb import OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "its id as a study has it, such as gymnasium:mine:MyEnv-v0"
    parser.add_argument("environment", metavar="ENVIRONMENT", help=help_)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.studies.study import Environment

    try:
        engine.check(Environment("checked", arguments.environment))
    except LookupError as error:
        raise HarnessError(str(error)) from None
    print(f"{arguments.environment} can be trained in, and repeats itself.")
    return OK


VERB = Command(
    name="check",
    summary="check an environment before anything is trained in it",
    description="""\
Make an environment and play one level twice with the same actions: it must give the same, and
observations of the shape and range that their space declares. `tfrl run` does the same before it
begins.""",
    example="""\
examples:
  tfrl check gymnasium:LunarLander-v3
  tfrl check gymnasium:mine:MyEnv-v0""",
    add_arguments=_add_arguments,
    execute=_execute,
)
