"""Make runs of a study: what `tfrl run` and `tfrl retry` have in common."""

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from tfrl.cli.counting import by_configuration, failures, long_sums, total
from tfrl.cli.verb import INTERRUPTED, OK, RUN_FAILED, add_jobs, add_study

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.execution.backends import WorkerBackend
    from tfrl.harness.execution.plan import Task
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies.study import Study


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The study, and how and where its runs are made."""
    add_study(parser)
    add_jobs(parser)
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
    parser.add_argument(
        "--time-limit",
        type=_minutes,
        default=math.inf,
        metavar="MINUTES",
        help="end a run that takes longer, as failed (default: no limit)",
    )


def make(
    arguments: argparse.Namespace,
    engine: "Engine",
    study: "Study",
    seeds: Sequence[int],
    choose: Callable[["RunStore"], Sequence["Task"]],
) -> int:
    """Make those runs of a study that `choose` finds to be made, and say how things stand then.

    Returns the exit status, which tells whether a run with one of these seeds has failed.
    """
    from tfrl.harness.execution import executor, plan
    from tfrl.harness.execution.progress import Progress, duration
    from tfrl.harness.store.run_store import RunStore
    from tfrl.runtime import tf_setup

    start = time.monotonic()
    store = RunStore(study, arguments.runs)
    progress = Progress(sys.stderr)
    interrupted = False
    with store.locked():
        try:
            tasks = choose(store)
            for reason in plan.reasons(tasks):
                progress.say(reason)
            if names := tf_setup.overridden():
                progress.say(f"not used, since it may change results: {', '.join(names)}")
            if tf_setup.has_gpu():
                progress.say("the GPU of this machine is not used: runs are computed on processors")
            progress.say(f"{study.name}: {len(tasks)} of {len(study.runs())} runs to make")
            with _place(arguments, tasks) as place:
                limit = 60 * arguments.time_limit
                executor.execute(store, tasks, engine, arguments.jobs, progress, place, limit)
        except KeyboardInterrupt:
            interrupted = True

    entries = store.entries()
    print(f"{total(entries)} in {store.folder}, {duration(time.monotonic() - start)}")
    print(by_configuration(study, entries))
    of_these = [entry for entry in entries if entry.status == "failed" and entry.run.seed in seeds]
    for line in (*failures(of_these), *long_sums(entries)):
        print(line)
    if interrupted:
        print("interrupted: run the same command to resume", file=sys.stderr)
        return INTERRUPTED
    return RUN_FAILED if of_these else OK


def _minutes(text: str) -> float:
    """A positive number, as an option's value."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive number")
    return value


def _place(
    arguments: argparse.Namespace, tasks: "Sequence[Task]"
) -> "AbstractContextManager[WorkerBackend]":
    """Where the runs are made. Raises `ClusterError`."""
    from tfrl.harness.errors import ClusterError

    if arguments.address and arguments.executor != "ray":
        raise ClusterError("--address is that of a Ray cluster: add --executor ray")
    if arguments.executor == "ray" and tasks:
        from tfrl.harness.execution import ray_backend

        return ray_backend.connected(arguments.address, tasks)
    from tfrl.harness.execution.local_backend import LocalBackend

    return nullcontext(LocalBackend())
