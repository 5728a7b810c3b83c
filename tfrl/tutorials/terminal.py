"""Commands of `tfrl` in a lesson, as a reader types them into a shell."""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

_DURATION = re.compile(r"\d+ h \d+ min|\d+ min \d+ s|\d+(?:\.\d+)? s\b")
_WIDTH = 100
_LAST_NUMBER = re.compile(r"\d+\.\d$")


class Terminal:
    """Runs commands in a folder, and prints what they print.

    Times are shown as "…", because a lesson that is executed twice has to print the same. Progress,
    which commands write to stderr, is not shown.
    """

    def __init__(self, folder: Path | None = None):
        """Opens a folder, by default a temporary one, which is removed with this object."""
        if folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="tfrl-lesson-")
            folder = Path(self._temporary.name)
        self.folder = folder
        self.status: int | None = None

    def __call__(self, command: str, expect: int | None = 0) -> None:
        """Runs a command such as "tfrl run mine.toml", and sets `status` to its exit status.

        Args:
          command: a command line that begins with "tfrl".
          expect: its exit status; None for any. With 2, a usage error, stderr is printed too.

        Raises:
          ValueError: it is not a command of `tfrl`.
          RuntimeError: it exited with another status.
        """
        program, *arguments = shlex.split(command)
        if program != "tfrl":
            raise ValueError(f"expected a command of tfrl, got {command!r}")
        done = subprocess.run(
            [sys.executable, "-m", "tfrl", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
        )
        self.status = done.returncode
        if expect not in (None, self.status):
            raise RuntimeError(f"{command} exited with {self.status}: {done.stderr.strip()}")
        text = done.stdout + (done.stderr if expect == 2 else "")
        print(f"$ {command}", *map(_wrap, without_times(text).splitlines()), sep="\n")


def _wrap(line: str) -> str:
    """Breaks a long sentence into lines, as a terminal does."""
    is_table = "   " in line or set(line) == {"-", " "}
    return line if is_table else textwrap.fill(line, _WIDTH, break_long_words=False)


def without_times(text: str) -> str:
    """Replaces durations, and the last column of a table if it is called "seconds"."""
    lines, in_table = [], False
    for line in _DURATION.sub("… s", text).splitlines():
        if line.endswith("seconds"):
            in_table = True
        elif in_table and _LAST_NUMBER.search(line):
            line = _LAST_NUMBER.sub(lambda number: "…".rjust(len(number[0])), line)
        elif not line.endswith("-"):
            in_table = False
        lines.append(line)
    return "\n".join(lines)
