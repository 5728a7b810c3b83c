"""`tfrl hyperparameters`, `tfrl new` and `tfrl check`: write your own agent or environment."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli.command import OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_hyperparameters_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "a name such as ppo, or the path of a class, package.module:Class"
    parser.add_argument("pipeline", metavar="PIPELINE", help=help_)


def _add_new_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the file to write, such as mine.py"
    )
    parser.add_argument(
        "--from",
        dest="origin",
        default="ppo",
        metavar="PIPELINE",
        help="the pipeline to copy (default: ppo)",
    )


def _add_check_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "an environment id as in a study, such as gymnasium:mine:MyEnv-v0"
    parser.add_argument("environment", metavar="ENVIRONMENT", help=help_)


def _hyperparameters(arguments: argparse.Namespace, engine: "Engine") -> int:
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


def _new(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.provenance import sources

    file: Path = arguments.file
    if file.suffix != ".py" or not file.stem.isidentifier():
        raise HarnessError(f"{file} cannot be imported: expected a name such as mine.py")
    try:
        source, prefix = sources.shipped_source(arguments.origin)
    except LookupError as error:
        raise HarnessError(str(error)) from None
    name = "".join(part.capitalize() for part in file.stem.split("_"))
    text = re.sub(rf"\b{prefix}(Config|Pipeline)\b", rf"{name}\1", source)
    try:
        with file.open("x") as new:
            new.write(text)
    except FileExistsError:
        raise HarnessError(f"{file} already exists: choose another name") from None
    except OSError as error:
        raise HarnessError(f"cannot write {file}: {error.strerror}") from None
    module = ".".join([*file.parent.parts, file.stem])
    print(f'Wrote {file}. To use it in a study: pipeline = "{module}:{name}Pipeline"')
    return OK


def _check(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.studies.study import Environment

    try:
        engine.check(Environment("checked", arguments.environment))
    except LookupError as error:
        raise HarnessError(str(error)) from None
    print(f"{arguments.environment} is valid and deterministic.")
    return OK


HYPERPARAMETERS = Command(
    name="hyperparameters",
    summary="list the hyperparameters of a pipeline",
    description="""\
List the hyperparameters of a pipeline, with their defaults, units and sources, from its Config.
docs/names.md translates the names of Stable-Baselines3 and CleanRL.""",
    example="""\
examples:
  tfrl hyperparameters ppo
  tfrl hyperparameters mine:MyPipeline""",
    add_arguments=_add_hyperparameters_arguments,
    execute=_hyperparameters,
)
NEW = Command(
    name="new",
    summary="copy a pipeline into a file of your own",
    description="""\
Copy a pipeline into a file of your own, with the classes renamed, to adapt it. For a small change,
a subclass is shorter: see examples/expected_sarsa.py.""",
    example="""\
examples:
  tfrl new mine.py
  tfrl new mine.py --from dqn""",
    add_arguments=_add_new_arguments,
    execute=_new,
)
CHECK = Command(
    name="check",
    summary="check an environment before training",
    description="""\
Create an environment and play one level twice with the same actions. Both episodes must be the
same, and observations must have the shape and range of the observation space. `tfrl run` does the
same check before training.""",
    example="""\
examples:
  tfrl check gymnasium:LunarLander-v3
  tfrl check gymnasium:mine:MyEnv-v0""",
    add_arguments=_add_check_arguments,
    execute=_check,
)
