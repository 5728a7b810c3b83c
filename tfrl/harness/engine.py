"""What the harness asks of the pipelines, and the one place where it reaches for them.

Importing this module is cheap; TensorFlow is imported when a method of `Engine` is called.
"""

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tfrl.harness.errors import HarnessError
from tfrl.harness.provenance import sources
from tfrl.harness.studies.study import Environment, Run, Study, Value
from tfrl.variations import GYMNASIUM, LevelConfig

if TYPE_CHECKING:
    import numpy as np

    from tfrl.harness.store.checkpoints import Checkpoint


class RunResult(Protocol):
    """What a run leaves behind."""

    @property
    def episodes(self) -> Mapping[str, object]:
        """The columns of `tables.EPISODES`, a row for each episode of training."""

    @property
    def evaluations(self) -> Mapping[str, object]:
        """The columns of `tables.EVALUATIONS`, a row for each episode of each evaluation."""

    @property
    def losses(self) -> Mapping[str, object]:
        """The columns of `tables.LOSSES`, a row for each loss at each of some 200 points."""

    @property
    def policies(self) -> "Mapping[str, np.ndarray]":
        """Environment steps `[E]` under "step", and weights `[E, ...]`; empty if none is kept."""

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the final weights."""

    @property
    def timings(self) -> Mapping[str, float]:
        """Seconds spent to "compile", "train" and "evaluate"."""

    @property
    def updates(self) -> int:
        """Gradient updates made."""


class Trainer(Protocol):
    """Compiled once, serves every seed, and all conditions with one number of shifted tests."""

    @property
    def long_sums(self) -> tuple[str, ...]:
        """Operations whose bits may differ on a processor with another cache."""

    def run(
        self,
        seed: int,
        level_config: LevelConfig,
        on_progress: Callable[[int], None] | None = None,
        checkpoint: "Checkpoint | None" = None,
    ) -> RunResult:
        """Train with `seed`, reporting environment steps as they are made. Raises if that fails.

        Goes on from the checkpoint, if it holds anything, and saves to it whenever that is due.
        """


class Engine:
    """The pipelines of `tfrl.pipelines`. Tests put an object with the same methods in its place."""

    def configure(self) -> None:
        """Prepare this process for runs that depend on nothing but their seed."""
        from tfrl.runtime import tf_setup

        tf_setup.configure()

    def config(self, pipeline: str) -> Any:
        """A pipeline's `Config`, which should be the dataclass of its hyperparameters.

        Raises `LookupError` with one sentence if there is no pipeline of this name or dotted path.
        """
        return getattr(self._resolve(pipeline), "Config", None)

    def check(self, environment: Environment) -> None:
        """Raises `LookupError` with one sentence if it is not there or faulty."""
        from tfrl import environments

        if environment.id.startswith(GYMNASIUM):
            from tfrl.environments.check import check

            with contextlib.suppress(ValueError):  # which `load` puts in a sentence
                check(environment.id.removeprefix(GYMNASIUM))
        environments.load(environment.id, batch_size=1)

    def trainer(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> Trainer:
        """A trainer for all runs of the group of `run`; to compile it takes some seconds."""
        from tfrl.runtime import compile_cache

        trainer = self._trainer(study, run, hyperparameters)
        compile_cache.save()  # here, since a worker may be ended at any time
        return trainer

    def debug(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> RunResult:
        """Make a run in this process, which is configured, without compiling anything.

        Raises whatever goes wrong.
        """
        trainer = self._trainer(study, run, hyperparameters, debug=True)
        return trainer.run(run.seed, run.environment.level_config)

    def _trainer(
        self, study: Study, run: Run, hyperparameters: Mapping[str, Value], debug: bool = False
    ) -> Trainer:
        from tfrl import training

        cls = self._resolve(run.configuration.pipeline)
        return training.Trainer(
            cls,
            config=cls.Config(**hyperparameters),
            environment=run.group.environment_id,
            num_environment_steps=study.steps,
            evaluation_every=study.evaluation.every,
            evaluation_episodes=study.evaluation.episodes,
            num_shifted=run.group.num_shifted,
            evaluation_every_early=study.evaluation.every_early,
            keep_policies=study.evaluation.keep_policies,
            debug=debug,
        )

    def sources(self, pipeline: str, environment_id: str) -> list[Path]:
        """The files that decide what such a run gives, besides installed packages.

        They are found without TensorFlow. Raises `LookupError` if there is no such pipeline, or if
        a module of the user's own, with the pipeline or the environment, is not there.
        """
        return sorted(sources.files_of_run(pipeline, environment_id))

    def arithmetic(self) -> Mapping[str, Any]:
        """What a worker of this machine computes in the self-test of `tfrl.runtime.arithmetic`."""
        from tfrl.runtime import tf_setup

        command = [sys.executable, "-m", "tfrl.runtime.arithmetic"]
        environment = {**tf_setup.environment(), "PYTHONSAFEPATH": "1"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
            raise HarnessError(f"the self-test of arithmetic failed: {last}")
        return json.loads(done.stdout)

    def _resolve(self, pipeline: str) -> Any:
        from tfrl.runtime import tf_setup

        tf_setup.silence()
        from tfrl import pipelines

        return pipelines.resolve(pipeline)
