"""The class of a command, the exit statuses, and the options that several commands share."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.studies.study import Study

OK, RUN_FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130  # exit statuses


@dataclass(frozen=True)
class Command:
    """A command of `tfrl`: its help, its arguments, and the function that executes it."""

    name: str
    summary: str  # one line in `tfrl --help`
    description: str
    example: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace, "Engine"], int]  # returns the exit status


def add_study(parser: argparse.ArgumentParser) -> None:
    """Adds the argument `study`."""
    help_ = "a study's TOML file, or the name of one in studies/"
    parser.add_argument("study", metavar="STUDY", help=help_)


def load_study(reference: str) -> "Study":
    """Loads a study by its file or its name. Raises `StudyError`."""
    from tfrl.harness.studies import study as studies

    return studies.load(studies.find(reference))


def add_reports(parser: argparse.ArgumentParser) -> None:
    """Adds the option `--reports`."""
    parser.add_argument(
        "--reports",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="the folder of published reports; your own are in DIR/own (default: reports)",
    )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Adds the option `--jobs`; None if it is not set."""
    parser.add_argument(
        "--jobs",
        type=positive_integer,
        metavar="N",
        help="number of worker processes, of one thread each (default: one per processor)",
    )


def positive_integer(text: str) -> int:
    """Parses the value of an option that is an integer > 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a positive integer, got {text!r}")
    return int(text)
