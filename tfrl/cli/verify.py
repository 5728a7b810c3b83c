"""`tfrl verify`: whether stored runs are whole, and the same bits as the published ones."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tfrl.cli import comparison, selftest
from tfrl.cli.verb import OK, RUN_FAILED, Command, add_jobs, add_reports, positive

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.published_results import Published
    from tfrl.harness.studies.study import Study
    from tfrl.harness.verification import VerifiedRun

_SAMPLE = 4  # runs, if it is not said how many


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "studies",
        nargs="+",
        metavar="STUDY",
        help="a study's TOML file, or the name of one in studies/; there may be several",
    )
    parser.add_argument(
        "--sample",
        type=positive,
        nargs="?",
        const=_SAMPLE,
        metavar="K",
        help="make K runs anew (default: %(const)s) in a temporary folder, and compare only these",
    )
    add_jobs(parser)
    add_reports(parser)


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.studies import study as studies

    asked = [studies.load(studies.find(reference)) for reference in arguments.studies]
    verify = _stored if arguments.sample is None else _sampled
    by_study = [(study, verify(study, arguments, engine)) for study in asked]
    found = [item for _, checked in by_study for item in checked]
    if len(asked) > 1:
        print(f"{len(asked)} studies: {comparison.counted(found)}")
    differs = any(item.difference and not item.cannot_match for item in found)
    if differs:
        print(selftest.sentence(engine.arithmetic()))
    for line in comparison.excuse(found):
        print(line)
    changed = any(comparison.changed(study, checked) for study, checked in by_study)
    return RUN_FAILED if differs or changed or any(item.is_invalid for item in found) else OK


def _stored(study: "Study", arguments: argparse.Namespace, engine: "Engine") -> "list[VerifiedRun]":
    """Verify all that is stored of a study, and say what came of it."""
    from tfrl.harness import published_results, verification
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.store import notices
    from tfrl.harness.store.run_store import RunStore

    store = RunStore(study, arguments.runs)
    expected = published_results.read(published_results.published_path(study, arguments.reports))
    checked = verification.verify(store, expected, study.runs())
    if not any(item.stored or item.is_invalid for item in checked):
        raise HarnessError(
            f"no run of {study.name} is stored in {store.folder}: `tfrl run` makes them"
        )
    told = notices.collect(store, [item.entry for item in checked], engine)
    _print(study, expected, checked, told)
    return checked


def _sampled(
    study: "Study", arguments: argparse.Namespace, engine: "Engine"
) -> "list[VerifiedRun]":
    """Make some runs anew and verify them, and say what came of it."""
    from tfrl.harness import published_results, verification
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.execution import executor, plan
    from tfrl.harness.execution.progress import Progress
    from tfrl.harness.store.run_store import RunStore

    place = published_results.published_path(study, arguments.reports)
    expected = published_results.read(place)
    if expected is None:
        raise HarnessError(f"there is no {place} to compare a sample with")
    candidates = [run for run in study.runs() if expected.outcome(run)]
    runs = verification.sample(candidates, arguments.sample)
    progress = Progress(sys.stderr)
    progress.say(f"{study.name}: makes anew {', '.join(map(str, runs))}")
    with tempfile.TemporaryDirectory(prefix="tfrl-") as root:
        store = RunStore(study, Path(root))
        with store.locked():
            tasks = plan.make(store, engine, {run.seed for run in runs})
            tasks = [task for task in tasks if task.run in runs]
            executor.execute(store, tasks, engine, arguments.jobs, progress)
        checked = verification.verify(store, expected, runs)
    _print(study, expected, checked)
    return checked


def _print(
    study: "Study",
    expected: "Published | None",
    checked: "list[VerifiedRun]",
    told: tuple[str, ...] = (),
) -> None:
    print(f"{study.name}: {comparison.counted(checked)}")
    for line in told:
        print(line)
    for line in comparison.details(study, expected, checked) if expected else ():
        print(line)


VERB = Command(
    name="verify",
    summary="compare stored runs with the published ones",
    description="""\
Read every stored run of a study, name what is damaged, and compare with what was published with its
report: how many runs are the same bits; which are not, since which step, and whether their final
returns are equivalent. Exit status 0 says that nothing is damaged and nothing differs.
On another architecture bits have to differ: there it says that no mean return really changed. With
--sample, runs/ is neither read nor written.""",
    example="""\
examples:
  tfrl verify cartpole             everything that is stored
  tfrl verify cartpole --sample    makes four runs anew, in less than two minutes""",
    add_arguments=_add_arguments,
    execute=_execute,
)
