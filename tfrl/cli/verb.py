"""What every verb of the command line is, and what several of them share."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine

OK, RUN_FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130  # exit statuses


@dataclass(frozen=True)
class Command:
    """A verb: what its help says, what it takes and what it does."""

    name: str
    summary: str  # a line in the list of verbs
    description: str
    example: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace, "Engine"], int]  # returns the exit status


def add_study(parser: argparse.ArgumentParser) -> None:
    """The study that a verb is about."""
    help_ = "a study's TOML file, or the name of one in studies/"
    parser.add_argument("study", metavar="STUDY", help=help_)


def add_reports(parser: argparse.ArgumentParser) -> None:
    """The folder of the reports."""
    parser.add_argument(
        "--reports",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="the published reports; your own are in DIR/own (default: reports)",
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """How many processes make runs; None if that is not said."""
    parser.add_argument(
        "--jobs",
        type=positive,
        metavar="N",
        help="worker processes, of one thread each (default: one for each processor)",
    )


def positive(text: str) -> int:
    """A whole number of at least 1, as an option's value."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
