"""The command line: `tfrl VERB ...`, a module for each verb.

What takes long to import is imported by the verb that needs it, when it is called.
"""

import errno
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli.parser import make_parser
from tfrl.cli.verb import INTERRUPTED, MISTAKE
from tfrl.harness.errors import HarnessError, printable

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def main(argv: Sequence[str] | None = None, engine: "Engine | None" = None) -> int:
    """Run a command line and return its exit status; `engine` is for tests."""
    arguments = make_parser().parse_args(argv)
    from tfrl.harness.engine import Engine

    _let_any_stream_do()
    sys.path.append(str(Path.cwd()))  # for pipelines of the user's own, named by dotted path
    try:
        status = arguments.verb.execute(arguments, engine or Engine())
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read what is printed, such as `head`, has gone
        _discard_output()
        return INTERRUPTED
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EBADF) or error.filename is not None:
            raise
        _discard_output()
        print(f"tfrl: what it says cannot be written: {error.strerror}", file=sys.stderr)
        return MISTAKE
    except HarnessError as error:
        print(f"tfrl: {printable(str(error))}", file=sys.stderr)
        return MISTAKE


def _let_any_stream_do() -> None:
    """Has texts go to streams that are closed, or that cannot encode all letters."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by the shell, as by >&-
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _discard_output() -> None:
    """Sends what is still to be written nowhere: it would fail again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
