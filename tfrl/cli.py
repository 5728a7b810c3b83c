"""The command line: `tfrl run | report | compare | list`, verbs on a study.

What takes long to import is imported by the verb that needs it.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import tfrl
from tfrl.harness.errors import HarnessError, StudyError

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.ledger import Entry
    from tfrl.harness.study import Study

FINE, RUN_FAILED, MISTAKE, INTERRUPTED = 0, 1, 2, 130
_COUNTED = ("planned", "finished", "failed", "missing")
_FAILURES_SHOWN = 10

_DESCRIPTION = """\
Train TF-Agents agents over many seeds, and report how far the results can be trusted.
A study is a TOML file that says what to run; those in studies/ go by their name."""
_EXAMPLE = """\
example:
  tfrl run quick        train every agent of studies/quick.toml: about a minute
  tfrl report quick     write reports/quick/index.html

exit status: 0 all is well, 1 a run failed, 2 a mistake in what was asked, 130 interrupted"""
_RUN = """\
Make the runs of a study that are not stored yet. Ctrl-C loses no finished run, and running again
makes only what is missing, or what was stored under other hyperparameters, other code or other
versions of TensorFlow, TF-Agents and NumPy. A run that failed is made again if its worker died or
memory ran out. Any other would fail again; to try it nevertheless, delete its folder."""
_RUN_EXAMPLE = """\
examples:
  tfrl run cartpole
  tfrl run cartpole --seeds 0-4 --jobs 1
  tfrl run my/own/study.toml"""
_REPORT = """\
Write the report of a study: one page that opens from disk, its figures and its tables. Runs that
are still missing are counted as such, so a report can be made at any time."""
_REPORT_EXAMPLE = """\
example:
  tfrl report cartpole     writes reports/cartpole/index.html"""
_COMPARE = """\
Compare two configurations of any stored studies on the environments that both have: the answers
here, and a page with their figures and tables."""
_COMPARE_EXAMPLE = """\
examples:
  tfrl compare cartpole/ppo cartpole/apo
  tfrl compare cartpole/ppo my/own/study.toml/mine"""
_LIST = "Show the studies in studies/ and how many of their runs are stored."
_LIST_EXAMPLE = """\
example:
  tfrl list"""


def main(argv: Sequence[str] | None = None, engine: "Engine | None" = None) -> int:
    """Run a command line and return its exit status; `engine` is for tests."""
    arguments = _parser().parse_args(argv)
    from tfrl.harness.engine import Engine

    sys.path.append(str(Path.cwd()))  # for pipelines of the user's own, named by dotted path
    try:
        status = arguments.verb(arguments, engine or Engine())
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read what is printed, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except HarnessError as error:
        print(f"tfrl: {error}", file=sys.stderr)
        return MISTAKE


def _run(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness import executor, plan
    from tfrl.harness import study as studies
    from tfrl.harness.ledger import Ledger
    from tfrl.harness.progress import Progress, duration

    start = time.monotonic()
    study = studies.load(studies.find(arguments.study))
    seeds = _selected(study, arguments.seeds)
    ledger = Ledger(study, arguments.runs)
    progress = Progress(sys.stderr)
    interrupted = False
    with ledger.locked():
        try:
            tasks = plan.make(ledger, engine, seeds)
            for reason in plan.reasons(tasks):
                progress.say(reason)
            progress.say(f"{study.name}: {len(tasks)} of {len(study.runs())} runs to make")
            executor.execute(ledger, tasks, engine, arguments.jobs, progress)
        except KeyboardInterrupt:
            interrupted = True

    entries = ledger.entries()
    planned, finished, failed, missing = _counts(entries)
    print(
        f"{planned} planned = {finished} finished + {failed} failed + {missing} missing "
        f"in {ledger.folder}, {duration(time.monotonic() - start)}"
    )
    print(_by_configuration(study, entries))
    failures = [entry for entry in entries if entry.status == "failed" and entry.run.seed in seeds]
    for line in _failures(failures):
        print(line)
    if interrupted:
        print("interrupted: the same command makes the rest", file=sys.stderr)
        return INTERRUPTED
    return RUN_FAILED if failures else FINE


def _report(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import study as studies
    from tfrl.harness.storage import load

    study = studies.load(studies.find(arguments.study))
    results = load(study, arguments.runs, engine)
    for notice in results.notices:
        print(notice, file=sys.stderr)
    if (results.runs["status"] == "missing").all():
        raise HarnessError(
            f"no run of {study.name} that counts is stored in {arguments.runs / study.name}: "
            f"`tfrl run {arguments.study}` makes them"
        )
    print(report.render(results, arguments.reports / study.name))
    return FINE


def _compare(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.report import comparing, content, terminal

    results = comparing.load(arguments.first, arguments.second, arguments.runs, engine)
    page = content.page(results)
    print(terminal.text(page))
    print(f"\n{report.write(page, arguments.reports / 'compare' / results.study.name)}")
    return FINE


def _list(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tabulate import tabulate

    from tfrl.harness import study as studies
    from tfrl.harness.ledger import Ledger

    rows, status = [], FINE
    for path in sorted(Path("studies").glob("*.toml"), key=lambda path: path.stem):
        try:
            study = studies.load(path)
            entries = Ledger(study, arguments.runs).entries()
        except HarnessError as error:
            print(f"tfrl: {error}", file=sys.stderr)
            status = MISTAKE
            continue
        rows.append([study.name, study.title, *_counts(entries)])
    if not rows and status == FINE:
        raise HarnessError("there are no studies: expected TOML files in studies/ of this folder")
    headers = ["study", "title", *_COUNTED]
    print(tabulate(rows, headers, tablefmt="simple"))
    return status


def _selected(study: "Study", text: str | None) -> tuple[int, ...]:
    """The seeds to run: those asked for, or all of the study's."""
    from tfrl.harness import study as studies

    if text is None:
        return study.seeds
    seeds = studies.parse_seeds(text, "--seeds")
    for seed in seeds:
        if seed not in study.seeds:
            raise StudyError(f"--seeds has {seed}, which is not among the seeds of {study.path}")
    return seeds


def _counts(entries: Sequence["Entry"]) -> list[int]:
    """How many runs are planned, and of these finished, failed and missing."""
    statuses: Counter[str] = Counter(entry.status for entry in entries)
    return [len(entries), *(statuses[status] for status in _COUNTED[1:])]


def _by_configuration(study: "Study", entries: Sequence["Entry"]) -> str:
    """A table with a row for each configuration on each environment."""
    from tabulate import tabulate

    rows = []
    for environment in study.environments:
        for configuration in study.configurations:
            group = [
                entry
                for entry in entries
                if (entry.run.environment, entry.run.configuration) == (environment, configuration)
            ]
            spent = sum(entry.manifest["timings"]["total"] for entry in group if entry.manifest)
            names = [environment.name, configuration.name]
            rows.append([*names, *_counts(group), f"{spent:.1f}"])
    headers = ["environment", "configuration", *_COUNTED, "seconds"]
    return tabulate(rows, headers, tablefmt="simple", floatfmt=".1f")


def _failures(failed: Sequence["Entry"]) -> Iterable[str]:
    """A line for each failed run, up to a screenful."""
    for entry in failed[:_FAILURES_SHOWN]:
        yield f"failed: {entry.run}: {entry.note}"
    if len(failed) > _FAILURES_SHOWN:
        yield f"failed: {len(failed) - _FAILURES_SHOWN} more"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tfrl", description=_DESCRIPTION, epilog=_EXAMPLE, formatter_class=_Plain
    )
    parser.add_argument("--version", action="version", version=f"tfrl {tfrl.__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    def verb(
        name: str, function: object, short: str, text: str, example: str
    ) -> argparse.ArgumentParser:
        added = verbs.add_parser(
            name, help=short, description=text, epilog=example, formatter_class=_Plain
        )
        added.set_defaults(verb=function)
        added.add_argument(
            "--runs",
            type=Path,
            default=Path("runs"),
            metavar="DIR",
            help="where runs are stored (default: runs)",
        )
        return added

    help_ = "a study's TOML file, or the name of one in studies/"
    run = verb("run", _run, "make the runs of a study", _RUN, _RUN_EXAMPLE)
    run.add_argument("study", metavar="STUDY", help=help_)
    run.add_argument(
        "--jobs",
        type=_positive,
        default=_processors(),
        metavar="N",
        help="worker processes, of one thread each (default: one for each processor, %(default)s)",
    )
    run.add_argument("--seeds", metavar="SEEDS", help='only these seeds, such as "0-4,7"')

    report = verb("report", _report, "write the report of a study", _REPORT, _REPORT_EXAMPLE)
    report.add_argument("study", metavar="STUDY", help=help_)
    compare = verb("compare", _compare, "compare two configurations", _COMPARE, _COMPARE_EXAMPLE)
    for side in ("first", "second"):
        compare.add_argument(side, metavar="STUDY/CONFIGURATION", help="such as cartpole/ppo")
    for command in (report, compare):
        command.add_argument(
            "--reports",
            type=Path,
            default=Path("reports"),
            metavar="DIR",
            help="where reports are written (default: reports)",
        )

    verb("list", _list, "show the studies and what is stored", _LIST, _LIST_EXAMPLE)
    return parser


class _Plain(argparse.RawDescriptionHelpFormatter):
    """Help as it is written, in the width of the examples."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
