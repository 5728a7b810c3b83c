"""The command line `tfrl COMMAND ...`. Each module holds commands of one kind.

Commands import slow packages in their functions, so that `tfrl --help` is fast.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli.command import INTERRUPTED, MISTAKE
from tfrl.cli.parser import make_parser
from tfrl.harness.errors import HarnessError, printable

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def main(argv: Sequence[str] | None = None, engine: "Engine | None" = None) -> int:
    """Runs a command line, and returns its exit status. Tests pass their own `engine`."""
    arguments = make_parser().parse_args(argv)
    from tfrl.harness.engine import Engine

    _make_streams_safe()
    sys.path.append(str(Path.cwd()))  # for the user's own pipelines, named by dotted path
    try:
        status = arguments.command.execute(arguments, engine or Engine())
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader of the output, such as `head`, has exited
        _discard_output()
        return INTERRUPTED
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EBADF) or error.filename is not None:
            raise
        _discard_output()
        print(f"tfrl: cannot write the output: {error.strerror}", file=sys.stderr)
        return MISTAKE
    except HarnessError as error:
        print(f"tfrl: {printable(str(error))}", file=sys.stderr)
        return MISTAKE


def _make_streams_safe() -> None:
    """Replaces closed standard streams, and characters that a stream cannot encode."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell, as by >&-
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _discard_output() -> None:
    """Sends buffered output to /dev/null, since writing it at exit would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
