"""An engine without TensorFlow, with a pipeline that learns nothing and fails on request."""

import functools
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrl import cli
from tfrl.harness.store.checkpoints import Checkpoint
from tfrl.harness.studies.study import Environment, Run, Study, Value
from tfrl.runtime import arithmetic
from tfrl.variations import DEFAULT_LEVELS, FIRST_TEST_LEVEL, LevelConfig

STUDY = """\
title = "Fake"
seeds = "0-3"
steps = 1_000

[evaluation]
every = 500
episodes = 2

[environments]
line = "Line-v0"

[configurations.one]
pipeline = "fake"

[configurations.two]
pipeline = "fake"
learning_rate = 0.5
"""


VARIED = """\
[environments.D]
id = "CartPole-v0"
test = ["R", "E"]

[environments.R]
id = "CartPole-v0"
variation = "R"
levels = 10
test = ["D", "E"]

[environments.plain]
id = "CartPole-v0"
"""


@dataclass(frozen=True)
class Config:
    """Hyperparameters of a fake run."""

    learning_rate: float = 0.1
    layers: tuple[int, ...] = (4, 4)
    double: bool = False
    failure: str = ""  # a key of _FAILURES
    failing_seed: int = 1
    seconds: float = 0.0  # of each run
    file: str = ""  # gets a line for each run, and file.trainers for each trainer
    gate: str = ""  # a file that runs wait for

    def __post_init__(self):
        if self.learning_rate <= 0:
            raise ValueError("learning_rate is a positive number")


@dataclass(frozen=True)
class Result:
    """The results of a run."""

    episodes: Mapping[str, np.ndarray]
    evaluations: Mapping[str, np.ndarray]
    losses: Mapping[str, np.ndarray]
    policies: Mapping[str, np.ndarray]
    weights_sha256: str
    timings: Mapping[str, float]
    updates: int


@dataclass(frozen=True)
class Trainer:
    """Returns made-up results: a pure function of its fields, the seed and the level config."""

    config: Config
    steps: int
    every: int
    episodes: int
    num_shifted: int = 0
    long_sums: tuple[str, ...] = ()

    def run(
        self,
        seed: int,
        level_config: LevelConfig = DEFAULT_LEVELS,
        on_progress: Callable[[int], None] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> Result:
        """Finishes, except for `failing_seed`."""
        if self.config.file:
            with Path(self.config.file).open("a") as file:
                file.write(f"{seed}\n")
        if len(level_config.test) != self.num_shifted:
            raise ValueError(f"compiled for {self.num_shifted} shifted tests: {level_config}")
        while self.config.gate and not Path(self.config.gate).exists():
            time.sleep(0.02)
        for part in range(10):
            time.sleep(self.config.seconds / 10)
            if on_progress:
                on_progress(self.steps * part // 10)
        failing = seed == self.config.failing_seed
        if failing:
            _FAILURES[self.config.failure]()
        result = self._result(seed, level_config)
        if failing and self.config.failure == "infinite":
            result.episodes["return"][3] = np.inf
        return result

    def _result(self, seed: int, level_config: LevelConfig) -> Result:
        generator = np.random.default_rng([seed, int(self.config.learning_rate * 1e6)])
        lengths = generator.integers(1, 20, size=50)
        return Result(
            episodes={
                "step": np.cumsum(lengths),
                "episode": np.arange(50),
                "return": lengths.astype(np.float64),
                "length": lengths,
            },
            evaluations=self._evaluations(generator, level_config),
            losses={
                "step": np.array([self.steps // 2, self.steps]),
                "name": np.array(["loss", "loss"], dtype=object),
                "value": 1.0 / lengths[:2],
            },
            policies={"step": np.array([self.steps]), "0:kernel": lengths[None].astype(np.float32)},
            weights_sha256=hashlib.sha256(lengths.tobytes()).hexdigest(),
            timings={"compile": 0.0, "train": 0.01, "evaluate": 0.001},
            updates=self.steps // 2,
        )

    def _evaluations(
        self, generator: np.random.Generator, level_config: LevelConfig
    ) -> dict[str, np.ndarray]:
        trained = [(split, level_config.variation) for split in ("training", "held-out")]
        tested = trained + [("shifted", variation) for variation in level_config.test]
        rows = [
            (step, split, variation, policy, episode)
            for step in range(0, self.steps + 1, self.every)
            for split, variation in tested
            for policy in ("greedy", "stochastic")
            for episode in range(self.episodes)
        ]
        step, split, variation, policy, episode = map(np.array, zip(*rows, strict=True))
        first = np.where(split == "training", 0, FIRST_TEST_LEVEL)
        return {
            "step": step,
            "split": split,
            "variation": variation,
            "policy": policy,
            "level": first + generator.integers(level_config.num_levels, size=len(rows)),
            "episode": episode,
            "return": generator.normal(size=len(rows)),
            "length": np.full(len(rows), 7),
        }


def _raise(error: BaseException) -> None:
    raise error


def _await_mending() -> None:
    if not Path("mended").exists():
        raise RuntimeError("not mended yet")


def _tell_threads() -> None:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    raise RuntimeError(", ".join(f"{name}={os.environ.get(name)}" for name in names))


_FAILURES: dict[str, Callable[[], object]] = {
    "": lambda: None,
    "infinite": lambda: None,
    "raise": functools.partial(_raise, RuntimeError("the <first> line\nand a second")),
    "nan": functools.partial(_raise, FloatingPointError("the loss is NaN after 480 steps")),
    "memory": functools.partial(_raise, MemoryError("no 8 GiB left")),
    "exit": functools.partial(sys.exit, 3),
    "abort": functools.partial(os._exit, 4),
    "threads": _tell_threads,
    "until mended": _await_mending,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "build": lambda: None,  # before any run
    "hang": functools.partial(time.sleep, 600),
}


class Engine:
    """Replaces `tfrl.harness.engine.Engine`."""

    def configure(self) -> None:
        """Does nothing."""

    def config(self, pipeline: str) -> type:
        """Returns the config of the only pipeline."""
        if pipeline != "fake":
            raise LookupError(f"{pipeline!r} is no pipeline: expected fake")
        return Config

    def check(self, environment: Environment) -> None:
        """Accepts one environment without variations and one with them."""
        if environment.id not in ("Line-v0", "CartPole-v0"):
            raise LookupError(f"{environment.id!r} is no environment: expected Line-v0")

    def trainer(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> Trainer:
        """Returns a trainer without compilation."""
        config = Config(**hyperparameters)
        if config.file:
            with Path(f"{config.file}.trainers").open("a") as file:
                file.write(f"{run} {os.getpid()}\n")
        if config.failure == "build":
            raise ValueError("layers must be of equal size")
        return Trainer(
            config,
            study.steps,
            study.evaluation.every,
            study.evaluation.episodes,
            run.group.num_shifted,
        )

    def debug(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> Result:
        """Runs in this process."""
        return self.trainer(study, run, hyperparameters).run(run.seed)

    def sources(self, pipeline: str, environment_id: str) -> list[Path]:
        """Returns a file that tests can change."""
        return [Path(file) for file in [os.environ.get("FAKE_SOURCE", __file__)]]

    def arithmetic(self) -> dict:
        """Returns the published results."""
        return json.loads(arithmetic.PUBLISHED.read_bytes())


def main() -> int:
    """Runs `tfrl` with this engine."""
    return cli.main(engine=Engine())
