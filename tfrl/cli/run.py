"""`tfrl run`: make the runs of a study."""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from tfrl.cli.counting import by_configuration, counts, failures
from tfrl.cli.verb import FINE, INTERRUPTED, RUN_FAILED, Verb, add_jobs, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.executor import Place
    from tfrl.harness.plan import Task
    from tfrl.harness.study import Study


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_jobs(parser)
    parser.add_argument("--seeds", metavar="SEEDS", help='only these seeds, such as "0-4,7"')
    parser.add_argument(
        "--executor",
        choices=("processes", "ray"),
        default="processes",
        help="where runs are made: on this machine (the default) or on those of a Ray cluster",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="the Ray cluster (default: the one that this machine belongs to)",
    )


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
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
            with _place(arguments, tasks) as place:
                executor.execute(ledger, tasks, engine, arguments.jobs, progress, place)
        except KeyboardInterrupt:
            interrupted = True

    entries = ledger.entries()
    planned, finished, failed, missing = counts(entries)
    print(
        f"{planned} planned = {finished} finished + {failed} failed + {missing} missing "
        f"in {ledger.folder}, {duration(time.monotonic() - start)}"
    )
    print(by_configuration(study, entries))
    of_these = [entry for entry in entries if entry.status == "failed" and entry.run.seed in seeds]
    for line in failures(of_these):
        print(line)
    if interrupted:
        print("interrupted: the same command makes the rest", file=sys.stderr)
        return INTERRUPTED
    return RUN_FAILED if of_these else FINE


def _place(
    arguments: argparse.Namespace, tasks: "Sequence[Task]"
) -> "AbstractContextManager[Place]":
    """Where the runs are made."""
    if arguments.executor == "ray" and tasks:
        from tfrl.harness import cluster

        return cluster.connected(arguments.address, tasks)
    from tfrl.harness.processes import ThisMachine

    return nullcontext(ThisMachine())


def _selected(study: "Study", text: str | None) -> tuple[int, ...]:
    """The seeds to run: those asked for, or all of the study's."""
    from tfrl.harness import study as studies
    from tfrl.harness.errors import StudyError

    if text is None:
        return study.seeds
    seeds = studies.parse_seeds(text, "--seeds")
    for seed in seeds:
        if seed not in study.seeds:
            raise StudyError(f"--seeds has {seed}, which is not among the seeds of {study.path}")
    return seeds


VERB = Verb(
    name="run",
    summary="make the runs of a study",
    description="""\
Make the runs of a study that are not stored yet. Ctrl-C loses no finished run, and running again
makes only what is missing, or what was stored under other hyperparameters, other code or other
versions of TensorFlow, TF-Agents and NumPy. A run whose worker dies is tried again, up to three
times in all. One that failed is made again if its worker died or memory ran out; any other would
fail again: to try it nevertheless, delete its folder.""",
    example="""\
examples:
  tfrl run cartpole
  tfrl run cartpole --seeds 0-4 --jobs 1
  tfrl run my/own/study.toml""",
    add_arguments=_add_arguments,
    execute=_execute,
)
