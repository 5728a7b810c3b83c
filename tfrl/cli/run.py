"""`tfrl run`: make the runs of a study."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfrl.cli import making
from tfrl.cli.counting import listed, reasons, to_make
from tfrl.cli.verb import OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies.study import Study


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    making.add_arguments(parser)
    parser.add_argument("--seeds", metavar="SEEDS", help='only these seeds, such as "0-4,7"')
    parser.add_argument("--plan", action="store_true", help="say what would be made, and why")
    parser.add_argument(
        "--debug",
        nargs="?",
        const="",
        metavar="CONFIGURATION",
        help="make one run of a configuration (default: the first) in this process, without XLA: "
        "breakpoints and prints work in it, and nothing is stored",
    )


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    from tfrl.harness.execution import plan
    from tfrl.harness.store.run_store import RunStore
    from tfrl.harness.studies import study as studies

    study = studies.load(studies.find(arguments.study))
    seeds = _selected(study, arguments.seeds)
    if arguments.debug is not None:
        return _debug(study, engine, seeds[0], arguments.debug)
    if arguments.plan:
        return _show_plan(RunStore(study, arguments.runs), engine, seeds)
    return making.make(
        arguments, engine, study, seeds, lambda store: plan.make(store, engine, seeds)
    )


def _debug(study: "Study", engine: "Engine", seed: int, name: str) -> int:
    """Make one run of a configuration, of the first if `name` is empty, and store nothing."""
    from tfrl.harness.errors import StudyError
    from tfrl.harness.execution import plan

    wanted = name or study.configurations[0].name
    named = [run for run in study.runs() if (run.configuration.name, run.seed) == (wanted, seed)]
    if not named:
        names = ", ".join(one.name for one in study.configurations)
        raise StudyError(f"--debug is {name!r}: expected a configuration of the study, {names}")
    engine.configure()  # before an environment is checked, since TensorFlow begins with that
    task = plan.task(study, named[0], engine)
    print(f"{task.run} without XLA, for {study.steps:,} steps: nothing is stored", flush=True)
    result = engine.debug(study, task.run, task.hyperparameters)
    returns = list(result.episodes["return"])  # type: ignore[call-overload]
    last = f"; the last returned {returns[-1]:g}" if returns else ""
    print(f"{len(returns)} episodes{last}")
    return OK


def _show_plan(store: "RunStore", engine: "Engine", seeds: Sequence[int]) -> int:
    """Say what `tfrl run` would make, of the runs with these seeds, and change nothing."""
    from tfrl.harness.execution import plan

    study = store.study
    tasks = plan.make(store, engine, seeds)
    print(f"{study.name}: {len(tasks)} of {len(study.runs())} runs to make in {store.folder}")
    print(to_make(study, seeds, tasks))
    for line in reasons(tasks):
        print(line)
    chosen = {str(task.run) for task in tasks}
    left = [
        entry.run
        for entry in store.entries()
        if entry.status == "failed" and entry.run.seed in seeds and str(entry.run) not in chosen
    ]
    if left:
        print(f"failed, and would fail again: {listed(left)} (`tfrl retry` runs them anyway)")
    return OK


def _selected(study: "Study", text: str | None) -> tuple[int, ...]:
    """The seeds to run: those asked for, or all of the study's."""
    from tfrl.harness.errors import StudyError
    from tfrl.harness.studies import study as studies

    if text is None:
        return study.seeds
    seeds = studies.parse_seeds(text, "--seeds")
    for seed in seeds:
        if seed not in study.seeds:
            raise StudyError(f"--seeds has {seed}, which is not among the seeds of {study.path}")
    return seeds


VERB = Command(
    name="run",
    summary="make the runs of a study",
    description="""\
Make the runs of a study that are not stored yet. Ctrl-C loses no finished run, and running again
makes only what is missing, or what was stored under other hyperparameters, other code or other
versions of TensorFlow, TF-Agents and NumPy. A run whose worker dies is tried again, up to three
times in all. One that failed is made again if its worker died, or memory or time ran out; any other
would fail again: `tfrl retry` runs all failed runs anyway.""",
    example="""\
examples:
  tfrl run cartpole
  tfrl run cartpole --plan               what would be made, and why
  tfrl run cartpole --seeds 0-4 --jobs 1
  tfrl run my/own/study.toml --debug mine   one run as plain Python, to look into it
  tfrl run my/own/study.toml""",
    add_arguments=_add_arguments,
    execute=_execute,
)
