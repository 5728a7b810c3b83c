"""`tfrl verify` and `tfrl selftest`: compare runs, or this processor, with published results."""

import argparse
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfrl.cli import verify_output
from tfrl.cli.command import (
    OK,
    RUN_FAILED,
    Command,
    add_jobs,
    add_reports,
    load_study,
    positive_integer,
)

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.published_results import Published
    from tfrl.harness.studies.study import Study
    from tfrl.harness.verification import VerifiedRun

_SAMPLE = 4  # default number of runs
_MAX_NAMES = 3  # of the operations that differ


def _add_verify_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "studies",
        nargs="+",
        metavar="STUDY",
        help="one or more studies: TOML files, or names of those in studies/",
    )
    parser.add_argument(
        "--sample",
        type=positive_integer,
        nargs="?",
        const=_SAMPLE,
        metavar="K",
        help="rerun K runs (default: %(const)s) in a temporary folder, and compare only these",
    )
    add_jobs(parser)
    add_reports(parser)


def _add_selftest_arguments(parser: argparse.ArgumentParser) -> None:
    help_ = "print the digests of this processor's results as JSON"
    parser.add_argument("--json", action="store_true", help=help_)


def _verify(arguments: argparse.Namespace, engine: "Engine") -> int:
    studies = [load_study(reference) for reference in arguments.studies]
    verify = _verify_stored if arguments.sample is None else _verify_sample
    by_study = [(study, verify(study, arguments, engine)) for study in studies]
    verified = [run for _, runs in by_study for run in runs]
    if len(studies) > 1:
        print(f"{len(studies)} studies: {verify_output.counts(verified)}")
    differs = any(run.difference and not run.cannot_match for run in verified)
    if differs:
        print(_describe_processor(engine.arithmetic()))
    for line in verify_output.architectures(verified):
        print(line)
    changed = any(verify_output.returns_changed(study, runs) for study, runs in by_study)
    return RUN_FAILED if differs or changed or any(run.is_invalid for run in verified) else OK


def _verify_stored(
    study: "Study", arguments: argparse.Namespace, engine: "Engine"
) -> "list[VerifiedRun]":
    """Verifies all stored runs of a study, and prints the result."""
    from tfrl.harness import published_results, verification
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.store import notices
    from tfrl.harness.store.run_store import RunStore

    store = RunStore(study, arguments.runs)
    published = published_results.read(published_results.published_path(study, arguments.reports))
    verified = verification.verify(store, published, study.runs())
    if not any(run.stored or run.is_invalid for run in verified):
        raise HarnessError(
            f"no run of {study.name} in {store.folder}: run `tfrl run {study.name}` first"
        )
    lines = notices.collect(store, [run.entry for run in verified], engine)
    _print(study, published, verified, lines)
    return verified


def _verify_sample(
    study: "Study", arguments: argparse.Namespace, engine: "Engine"
) -> "list[VerifiedRun]":
    """Reruns a sample in a temporary folder, verifies it, and prints the result."""
    from tfrl.harness import published_results, verification
    from tfrl.harness.errors import HarnessError
    from tfrl.harness.execution import executor, plan
    from tfrl.harness.execution.progress import Progress
    from tfrl.harness.store.run_store import RunStore

    path = published_results.published_path(study, arguments.reports)
    published = published_results.read(path)
    if published is None:
        raise HarnessError(f"--sample needs published results, but {path} does not exist")
    candidates = [run for run in study.runs() if published.outcome(run)]
    runs = verification.sample(candidates, arguments.sample)
    progress = Progress(sys.stderr)
    progress.print(f"{study.name}: rerunning {', '.join(map(str, runs))}")
    with tempfile.TemporaryDirectory(prefix="tfrl-") as root:
        store = RunStore(study, Path(root))
        with store.locked():
            tasks = plan.pending(store, engine, {run.seed for run in runs})
            tasks = [task for task in tasks if task.run in runs]
            executor.execute(store, tasks, engine, arguments.jobs, progress)
        verified = verification.verify(store, published, runs)
    _print(study, published, verified)
    return verified


def _print(
    study: "Study",
    published: "Published | None",
    verified: "list[VerifiedRun]",
    lines: tuple[str, ...] = (),
) -> None:
    print(f"{study.name}: {verify_output.counts(verified)}")
    for line in lines:
        print(line)
    for line in verify_output.details(study, published, verified) if published else ():
        print(line)


def _selftest(arguments: argparse.Namespace, engine: "Engine") -> int:
    computed = engine.arithmetic()
    print(json.dumps(computed, indent=1) if arguments.json else _describe_processor(computed))
    return OK


def _describe_processor(computed: Mapping[str, Any]) -> str:
    """Returns a sentence that compares the results of the self-test with the published ones."""
    from tfrl.runtime import arithmetic

    try:
        names = arithmetic.differing(computed)
    except LookupError as error:
        return f"Bits cannot be compared: {error}."
    if not names:
        return "This processor computes the published bits in every operation of the self-test."
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return (
        "This processor does not compute the published bits in "
        f"{', '.join(names[:_MAX_NAMES])}{more}: runs trained here may differ from the published "
        "ones."
    )


VERIFY = Command(
    name="verify",
    summary="compare stored runs with the published ones",
    description="""\
Read every stored run of a study, name damaged files, and compare with the published results: the
number of bit-identical runs; for the others, the step from which they differ, and whether their
final returns are equivalent. Exit status 0: no run is damaged, and none differs. On another
processor architecture bits always differ: there, 0 means that final returns did not really change
for any configuration. --sample neither reads nor writes the folder of stored runs.""",
    example="""\
examples:
  tfrl verify cartpole             all stored runs
  tfrl verify cartpole --sample    rerun four runs, in less than two minutes""",
    add_arguments=_add_verify_arguments,
    execute=_verify,
)
SELFTEST = Command(
    name="selftest",
    summary="test whether this processor computes the published bits",
    description="""\
Compute a hundred operations of the kinds and sizes that the agents use, and compare the bits with
those of the processor that computed the published runs. Bits are published for one architecture;
on any other there is nothing to compare with.""",
    example="""\
examples:
  tfrl selftest
  tfrl selftest --json     the digests, as in tfrl/runtime/arithmetic.json""",
    add_arguments=_add_selftest_arguments,
    execute=_selftest,
)
