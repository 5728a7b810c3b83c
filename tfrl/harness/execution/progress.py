"""One line that says how a study is getting on."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from tfrl.harness.studies.study import Run


@dataclass(frozen=True)
class Status:
    """How far an invocation of `tfrl run` has come."""

    total: int  # runs to be made
    finished: int
    failed: int
    running: Sequence[tuple[Run, float | None]]  # with the share of its steps; None: it compiles
    seconds_left: float | None  # None if nothing is known yet

    def __str__(self) -> str:
        left = "" if self.seconds_left is None else f", {duration(self.seconds_left)} left"
        running = ", ".join(
            f"{run} {'compiles' if share is None else format(share, '.0%')}"
            for run, share in self.running
        )
        return (
            f"{self.finished} of {self.total} done, {self.failed} failed, "
            f"{len(self.running)} running{left}: {running or 'workers start'}"
        )


class Progress:
    """Shows a `Status`: rewritten in place on a terminal, as a line now and then elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_place = stream.isatty()
        self._interval = 0.2 if self._in_place else 30.0  # seconds between two statuses
        self._next = time.monotonic() + (0.0 if self._in_place else self._interval)

    def show(self, status: Status) -> None:
        """Show how things stand, unless that was done a moment ago."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._interval
        if self._in_place:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r\x1b[K{str(status)[:width]}")
        else:
            self._write(f"{status}\n")

    def say(self, sentence: str) -> None:
        """Show a sentence that stays."""
        self.clear()
        self._write(f"{sentence}\n")

    def clear(self) -> None:
        """Remove the line of progress."""
        if self._in_place:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def duration(seconds: float) -> str:
    """A time span as people say it, such as "2 min 10 s"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
