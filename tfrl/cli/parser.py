"""The parser of the command line."""

import argparse
from pathlib import Path

import tfrl
from tfrl.cli import custom, report, run, runs, show, status, verify

_COMMANDS = (
    run.RUN,
    status.STATUS,
    run.RETRY,
    report.REPORT,
    verify.VERIFY,
    report.PUBLISH,
    report.COMPARE,
    show.SHOW,
    status.LIST,
    runs.RUNS,
    verify.SELFTEST,
    custom.HYPERPARAMETERS,
    custom.NEW,
    custom.CHECK,
)
_DESCRIPTION = """\
Train TF-Agents agents over many seeds, and report how far the results can be trusted.
A study is a TOML file that says what to run. Refer to a file in studies/ by its name."""
_EXAMPLE = """\
example:
  tfrl run quick        train every agent of studies/quick.toml: about a minute
  tfrl report quick     write reports/own/quick/index.html

exit status: 0 success; 1 a run failed, is damaged, or differs from the published one;
2 usage error; 130 interrupted"""


def make_parser() -> argparse.ArgumentParser:
    """Returns a parser that puts the selected `Command` into `command`."""
    parser = argparse.ArgumentParser(
        "tfrl", description=_DESCRIPTION, epilog=_EXAMPLE, formatter_class=_HelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"tfrl {tfrl.__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        added = commands.add_parser(
            command.name,
            help=command.summary,
            description=command.description,
            epilog=command.example,
            formatter_class=_HelpFormatter,
        )
        added.set_defaults(command=command)
        added.add_argument(
            "--runs",
            type=Path,
            default=Path("runs"),
            metavar="DIR",
            help="the folder of stored runs (default: runs)",
        )
        command.add_arguments(added)
    return parser


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps line breaks, and is 100 characters wide."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)
