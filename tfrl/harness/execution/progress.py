"""Progress of a study, as one line."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from tfrl.harness.studies.study import Run


@dataclass(frozen=True)
class Status:
    """Counts of runs, the runs in progress, and an estimate of the time left."""

    total: int
    finished: int
    failed: int
    running: Sequence[tuple[Run, float | None]]  # with the share of its steps; None: compiling
    seconds_left: float | None  # None if unknown

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
    """Shows the latest `Status`: one line that is rewritten on a terminal, else one every 30 s."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_place = stream.isatty()
        self._interval = 0.2 if self._in_place else 30.0  # seconds
        self._next = time.monotonic() + (0.0 if self._in_place else self._interval)

    def show(self, status: Status) -> None:
        """Shows a status, unless the last one was shown less than `_interval` ago."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._interval
        if self._in_place:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"\r\x1b[K{str(status)[:width]}")
        else:
            self._write(f"{status}\n")

    def print(self, message: str) -> None:
        """Prints a line that stays."""
        self.clear()
        self._write(f"{message}\n")

    def clear(self) -> None:
        """Removes the status from a terminal."""
        if self._in_place:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def duration(seconds: float) -> str:
    """Returns a duration such as "2 min 10 s"."""
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60} min"
