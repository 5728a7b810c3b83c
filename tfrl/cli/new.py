"""`tfrl new`: a file of one's own to adapt a pipeline in."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli.verb import OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="the file to write, such as mine.py"
    )
    parser.add_argument(
        "--from",
        dest="origin",
        default="ppo",
        metavar="PIPELINE",
        help="the shipped pipeline to begin with (default: ppo)",
    )


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
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
        raise HarnessError(f"{file} is there already: give another name") from None
    except OSError as error:
        raise HarnessError(f"{file} cannot be written: {error.strerror}") from None
    module = ".".join([*file.parent.parts, file.stem])
    print(f'Wrote {file}. Name it in a study: pipeline = "{module}:{name}Pipeline"')
    return OK


VERB = Command(
    name="new",
    summary="write a file in which to adapt a pipeline",
    description="""\
Write a copy of a shipped pipeline under names of your own, to adapt it. For a small change, a
subclass is shorter: examples/expected_sarsa.py is one.""",
    example="""\
examples:
  tfrl new mine.py
  tfrl new mine.py --from dqn""",
    add_arguments=_add_arguments,
    execute=_execute,
)
