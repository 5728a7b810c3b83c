"""`tfrl report`, `tfrl publish` and `tfrl compare`: write pages about stored runs."""

import argparse
import sys
from typing import TYPE_CHECKING

from tfrl.cli.command import OK, Command, add_reports, add_study, load_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine


def _add_study_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_reports(parser)


def _add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    for side in ("first", "second"):
        parser.add_argument(side, metavar="STUDY/CONFIGURATION", help="such as cartpole/ppo")
    add_reports(parser)


def _report(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import published_results
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.store import stored_results

    study = load_study(arguments.study)
    results = stored_results.load(study, arguments.runs, engine)
    for notice in results.notices:
        print(notice, file=sys.stderr)
    if (results.runs["status"] == "missing").all():
        raise HarnessError(
            f"no usable run of {study.name} in {arguments.runs / study.name}: "
            f"run `tfrl run {arguments.study}` first"
        )
    destination = published_results.unpublished_folder(study.name, arguments.reports)
    published = published_results.published_path(study, arguments.reports)
    print(report.render(results, destination, published))
    return OK


def _publish(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import published_results
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.execution import plan
    from tfrl.harness.store import stored_results
    from tfrl.harness.store.run_store import RunStore

    study = load_study(arguments.study)
    store = RunStore(study, arguments.runs)
    if tasks := plan.pending(store, engine, study.seeds):
        raise HarnessError(
            f"cannot publish {study.name}: {len(tasks)} of {len(study.runs())} runs are missing or "
            f"out of date; run `tfrl run {arguments.study}` first"
        )
    path = published_results.published_path(study, arguments.reports)
    outcomes = published_results.collect(store)
    results = stored_results.load(study, arguments.runs, engine)
    for notice in results.notices:
        print(notice, file=sys.stderr)
    page = report.render(results, path.parent)
    published_results.write(outcomes, path)
    print(page)
    return OK


def _compare(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl import report
    from tfrl.harness import published_results
    from tfrl.harness.store import joined_results
    from tfrl.report.document import build_document

    results = joined_results.load(arguments.first, arguments.second, arguments.runs, engine)
    page = build_document(results)
    print(f"{report.in_terminal(page)}\n")
    folder = published_results.unpublished_folder("compare", arguments.reports)
    print(report.write(page, folder / results.study.name))
    return OK


REPORT = Command(
    name="report",
    summary="write the report of a study",
    description="""\
Write the report of a study: an HTML page that works offline, with its figures and tables. Missing
runs are counted as missing, so a report can be written at any time. It is written next to the
published report, which it does not change, and compares its runs with the published ones.""",
    example="""\
example:
  tfrl report cartpole     writes reports/own/cartpole/index.html""",
    add_arguments=_add_study_arguments,
    execute=_report,
)
PUBLISH = Command(
    name="publish",
    summary="write a report and the fingerprints of its runs to the published reports",
    description="""\
Write the report of a complete study to the published reports, and write fingerprints of all runs to
published.json, for `tfrl verify`. This is for maintainers who commit the report. No other command
writes there, so everyone else compares with what was published.""",
    example="""\
example:
  tfrl publish cartpole     writes reports/cartpole/""",
    add_arguments=_add_study_arguments,
    execute=_publish,
)
COMPARE = Command(
    name="compare",
    summary="compare two configurations",
    description="""\
Compare two configurations of any stored studies on the environments that both have. Print the
answers, and write a page with their figures and tables.""",
    example="""\
examples:
  tfrl compare cartpole/ppo cartpole/apo
  tfrl compare cartpole/ppo my/own/study.toml/mine""",
    add_arguments=_add_compare_arguments,
    execute=_compare,
)
