"""`tfrl run` and `tfrl retry`: train the runs of a study."""

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from tfrl.cli import status_tables
from tfrl.cli.command import (
    INTERRUPTED,
    OK,
    RUN_FAILED,
    Command,
    add_jobs,
    add_study,
    load_study,
)

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.execution.backends import WorkerBackend
    from tfrl.harness.execution.plan import Task
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies.study import Study


def _add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    add_jobs(parser)
    parser.add_argument(
        "--executor",
        choices=("processes", "ray"),
        default="processes",
        help="where to train: on this machine (the default) or on a Ray cluster",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="address of the Ray cluster (default: the one this machine belongs to)",
    )
    parser.add_argument(
        "--time-limit",
        type=_positive_number,
        default=math.inf,
        metavar="MINUTES",
        help="fail a run after this many minutes (default: no limit)",
    )


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    _add_shared_arguments(parser)
    parser.add_argument("--seeds", metavar="SEEDS", help='only these seeds, such as "0-4,7"')
    parser.add_argument(
        "--plan", action="store_true", help="show which runs would be trained and why, then exit"
    )
    parser.add_argument(
        "--debug",
        nargs="?",
        const="",
        metavar="CONFIGURATION",
        help="train one run of a configuration (default: the first) in this process without XLA: "
        "breakpoints and prints work, and nothing is stored",
    )


def _run(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.execution import plan
    from tfrl.harness.store.run_store import RunStore

    study = load_study(arguments.study)
    seeds = _select_seeds(study, arguments.seeds)
    if arguments.debug is not None:
        return _debug(study, engine, seeds[0], arguments.debug)
    if arguments.plan:
        return _show_plan(RunStore(study, arguments.runs), engine, seeds)
    return _train(arguments, engine, study, seeds, lambda store: plan.pending(store, engine, seeds))


def _retry(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.execution import plan

    study = load_study(arguments.study)
    return _train(arguments, engine, study, study.seeds, lambda store: plan.failed(store, engine))


def _train(
    arguments: argparse.Namespace,
    engine: "Engine",
    study: "Study",
    seeds: Sequence[int],
    select: Callable[["RunStore"], Sequence["Task"]],
) -> int:
    """Trains the runs that `select` returns, and prints the status of the study.

    Returns the exit status: `RUN_FAILED` if a run with one of `seeds` has failed.
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
            tasks = select(store)
            for line in plan.rerun_reasons(tasks):
                progress.print(line)
            if names := tf_setup.overridden():
                progress.print(f"ignored, because it may change results: {', '.join(names)}")
            if tf_setup.has_gpu():
                progress.print("the GPU is not used: runs are computed on the CPU")
            progress.print(f"{study.name}: {len(tasks)} of {len(study.runs())} runs to train")
            with _backend(arguments, tasks) as backend:
                time_limit = 60 * arguments.time_limit
                executor.execute(
                    store, tasks, engine, arguments.jobs, progress, backend, time_limit
                )
        except KeyboardInterrupt:
            interrupted = True

    entries = store.entries()
    elapsed = duration(time.monotonic() - start)
    print(f"{status_tables.total(entries)} in {store.folder}, {elapsed}")
    print(status_tables.by_configuration(study, entries))
    failed = [entry for entry in entries if entry.status == "failed" and entry.run.seed in seeds]
    for line in (*status_tables.failures(failed), *status_tables.long_sums(entries)):
        print(line)
    if interrupted:
        print("interrupted: run the same command to resume", file=sys.stderr)
        return INTERRUPTED
    return RUN_FAILED if failed else OK


def _backend(
    arguments: argparse.Namespace, tasks: "Sequence[Task]"
) -> "AbstractContextManager[WorkerBackend]":
    """Returns the backend for `--executor`. Raises `ClusterError`."""
    from tfrl.harness.errors import ClusterError

    if arguments.address and arguments.executor != "ray":
        raise ClusterError("--address requires --executor ray")
    if arguments.executor == "ray" and tasks:
        from tfrl.harness.execution import ray_backend

        return ray_backend.connected(arguments.address, tasks)
    from tfrl.harness.execution.local_backend import LocalBackend

    return nullcontext(LocalBackend())


def _debug(study: "Study", engine: "Engine", seed: int, name: str) -> int:
    """Trains one run of the configuration `name`, or of the first if empty. Stores nothing."""
    from tfrl.harness.errors import StudyError
    from tfrl.harness.execution import plan

    selected = name or study.configurations[0].name
    runs = [run for run in study.runs() if (run.configuration.name, run.seed) == (selected, seed)]
    if not runs:
        names = ", ".join(configuration.name for configuration in study.configurations)
        raise StudyError(f"--debug is {name!r}: expected a configuration of the study, {names}")
    engine.configure()  # before the check of the environment, which initializes TensorFlow
    task = plan.task(study, runs[0], engine)
    print(f"{task.run} without XLA, for {study.steps:,} steps: nothing is stored", flush=True)
    result = engine.debug(study, task.run, task.hyperparameters)
    returns = list(result.episodes["return"])  # type: ignore[call-overload]
    last = f"; return of the last: {returns[-1]:g}" if returns else ""
    print(f"{len(returns)} episodes{last}")
    return OK


def _show_plan(store: "RunStore", engine: "Engine", seeds: Sequence[int]) -> int:
    """Prints which of the runs with these seeds `tfrl run` would train. Changes nothing."""
    from tfrl.harness.execution import plan

    study = store.study
    tasks = plan.pending(store, engine, seeds)
    print(f"{study.name}: {len(tasks)} of {len(study.runs())} runs to train in {store.folder}")
    print(status_tables.pending(study, seeds, tasks))
    for line in status_tables.reasons(tasks):
        print(line)
    pending = {str(task.run) for task in tasks}
    deterministic = [
        entry.run
        for entry in store.entries()
        if entry.status == "failed" and entry.run.seed in seeds and str(entry.run) not in pending
    ]
    if deterministic:
        names = status_tables.list_runs(deterministic)
        print(f"failed with a deterministic error: {names} (`tfrl retry` reruns them)")
    return OK


def _select_seeds(study: "Study", text: str | None) -> tuple[int, ...]:
    """Returns the seeds of `--seeds`, by default all seeds of the study."""
    from tfrl.harness.errors import StudyError
    from tfrl.harness.studies import study as studies

    if text is None:
        return study.seeds
    seeds = studies.parse_seeds(text, "--seeds")
    for seed in seeds:
        if seed not in study.seeds:
            raise StudyError(f"--seeds has {seed}, which is not among the seeds of {study.path}")
    return seeds


def _positive_number(text: str) -> float:
    """Parses the value of an option that is a number > 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not value > 0:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text!r}")
    return value


RUN = Command(
    name="run",
    summary="train the runs of a study",
    description="""\
Train the runs of a study that are not stored yet. Ctrl-C loses no finished run: run the same
command to resume. A stored run is trained again if its hyperparameters, its code, or the packages
that computed it have changed. A run whose worker process dies is retried, up to three attempts. A
failed run is rerun if its worker died, or memory or time ran out. Any other error is deterministic:
`tfrl retry` reruns all failed runs.""",
    example="""\
examples:
  tfrl run cartpole
  tfrl run cartpole --plan                  which runs would be trained, and why
  tfrl run cartpole --seeds 0-4 --jobs 1
  tfrl run my/own/study.toml --debug mine   one run as plain Python, to debug it
  tfrl run my/own/study.toml""",
    add_arguments=_add_run_arguments,
    execute=_run,
)
RETRY = Command(
    name="retry",
    summary="rerun all failed runs of a study",
    description="""\
Rerun all failed runs of a study, and no others. A run is a function of its settings and its seed,
so a deterministic error is raised again until the code or the study is changed.""",
    example="""\
example:
  tfrl retry cartpole""",
    add_arguments=_add_shared_arguments,
    execute=_retry,
)
