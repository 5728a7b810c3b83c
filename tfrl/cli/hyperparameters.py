"""`tfrl hyperparameters`: what a study may set of a pipeline."""

import argparse
from typing import TYPE_CHECKING

from tfrl.cli.verb import OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "a name such as ppo, or the dotted path of a class, package.module:Class"
    parser.add_argument("pipeline", metavar="PIPELINE", help=help_)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tabulate import tabulate

    from tfrl.harness.errors import StudyError
    from tfrl.harness.studies import hyperparameters
    from tfrl.harness.studies.toml import show

    try:
        config = engine.config(arguments.pipeline)
    except LookupError as error:
        raise StudyError(str(error)) from None
    defaults = hyperparameters.defaults(config, arguments.pipeline)
    comments = hyperparameters.comments(config)
    rows = [
        (name, "none" if value is None else show(value), comments.get(name, ""))
        for name, value in defaults.items()
    ]
    print(hyperparameters.source(config))
    print(tabulate(rows, ["hyperparameter", "default", "meaning"], disable_numparse=True))
    return OK


VERB = Command(
    name="hyperparameters",
    summary="show what a study may set of a pipeline",
    description="""\
Show the hyperparameters of a pipeline, with their defaults, units and sources, as its Config says
them. docs/names.md translates the names of Stable-Baselines3 and CleanRL.""",
    example="""\
examples:
  tfrl hyperparameters ppo
  tfrl hyperparameters mine:MyPipeline""",
    add_arguments=_add_arguments,
    execute=_execute,
)
