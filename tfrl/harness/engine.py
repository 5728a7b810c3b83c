"""The interface between the harness and the pipelines, and the only module that imports them.

TensorFlow is imported when a method of `Engine` is called, not with this module.
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
    """The results of a run."""

    @property
    def episodes(self) -> Mapping[str, object]:
        """The columns of `tables.EPISODES`, with a row for each training episode."""

    @property
    def evaluations(self) -> Mapping[str, object]:
        """The columns of `tables.EVALUATIONS`, with a row for each evaluation episode."""

    @property
    def losses(self) -> Mapping[str, object]:
        """The columns of `tables.LOSSES`, with a row for each loss at each of about 200 steps."""

    @property
    def policies(self) -> "Mapping[str, np.ndarray]":
        """Environment steps `[E]` under "step", and weights `[E, ...]`; empty if not stored."""

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the final weights."""

    @property
    def timings(self) -> Mapping[str, float]:
        """Seconds for "compile", "train" and "evaluate"."""

    @property
    def updates(self) -> int:
        """Number of gradient updates."""


class Trainer(Protocol):
    """A compiled trainer for all seeds, and all level configs with the same number of tests."""

    @property
    def long_sums(self) -> tuple[str, ...]:
        """Operations whose bits may differ on a processor with other cache sizes."""

    def run(
        self,
        seed: int,
        level_config: LevelConfig,
        on_progress: Callable[[int], None] | None = None,
        checkpoint: "Checkpoint | None" = None,
    ) -> RunResult:
        """Trains with `seed`. Raises any error of the training.

        Args:
          on_progress: called with the number of environment steps so far.
          checkpoint: the run resumes from it, if it has a state, and saves to it when it is due.
        """


class Engine:
    """The pipelines of `tfrl.pipelines`. Tests replace it by a fake with the same methods."""

    def configure(self) -> None:
        """Configures TensorFlow in this process, so runs depend only on their settings and seed."""
        from tfrl.runtime import tf_setup

        tf_setup.configure()

    def config(self, pipeline: str) -> Any:
        """Returns a pipeline's `Config`, the dataclass of its hyperparameters; None without one.

        Raises `LookupError` with a message for users if the name or dotted path does not exist.
        """
        return getattr(self._resolve(pipeline), "Config", None)

    def check(self, environment: Environment) -> None:
        """Raises `LookupError` with a message for users if the environment is missing or faulty."""
        from tfrl import environments

        if environment.id.startswith(GYMNASIUM):
            from tfrl.environments.check import check

            with contextlib.suppress(ValueError):  # `load` raises it with a message for users
                check(environment.id.removeprefix(GYMNASIUM))
        environments.load(environment.id, batch_size=1)

    def trainer(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> Trainer:
        """Returns a trainer for all runs of the group of `run`, which compiles in some seconds."""
        from tfrl.runtime import compile_cache

        trainer = self._trainer(study, run, hyperparameters)
        compile_cache.save()  # now, since a worker may be killed at any time
        return trainer

    def debug(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> RunResult:
        """Trains in this process without compilation. Call `configure` before.

        Raises any error of the training.
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
        """Returns the source files that determine the results, without importing TensorFlow.

        Installed packages are not included. Raises `LookupError` if the pipeline, or a user's
        module with the pipeline or the environment, does not exist.
        """
        return sorted(sources.files_of_run(pipeline, environment_id))

    def arithmetic(self) -> Mapping[str, Any]:
        """Returns the results of the self-test `tfrl.runtime.arithmetic` in a worker's settings."""
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
