"""The parser of the command line."""

import argparse
from pathlib import Path

import tfrl
from tfrl.cli import (
    check,
    compare,
    hyperparameters,
    list_,
    new,
    publish,
    report,
    retry,
    run,
    runs,
    selftest,
    show,
    status,
    verify,
)

_VERBS = (
    run.VERB,
    status.VERB,
    retry.VERB,
    report.VERB,
    verify.VERB,
    publish.VERB,
    compare.VERB,
    show.VERB,
    list_.VERB,
    runs.VERB,
    selftest.VERB,
    hyperparameters.VERB,
    new.VERB,
    check.VERB,
)
_DESCRIPTION = """\
Train TF-Agents agents over many seeds, and report how far the results can be trusted.
A study is a TOML file that says what to run; those in studies/ go by their name."""
_EXAMPLE = """\
example:
  tfrl run quick        train every agent of studies/quick.toml: about a minute
  tfrl report quick     write reports/own/quick/index.html

exit status: 0 all is well, 1 a run failed, is damaged or differs, 2 a mistake in
what was asked, 130 interrupted"""


def make_parser() -> argparse.ArgumentParser:
    """A parser that leaves the `Verb` that was asked for in `verb`."""
    parser = argparse.ArgumentParser(
        "tfrl", description=_DESCRIPTION, epilog=_EXAMPLE, formatter_class=_Plain
    )
    parser.add_argument("--version", action="version", version=f"tfrl {tfrl.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb in _VERBS:
        added = verbs.add_parser(
            verb.name,
            help=verb.summary,
            description=verb.description,
            epilog=verb.example,
            formatter_class=_Plain,
        )
        added.set_defaults(verb=verb)
        added.add_argument(
            "--runs",
            type=Path,
            default=Path("runs"),
            metavar="DIR",
            help="where runs are stored (default: runs)",
        )
        verb.add_arguments(added)
    return parser


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Help as it is written, in the width of the examples."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)
