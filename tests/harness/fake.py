"""An engine without TensorFlow: its pipeline learns nothing, and fails as it is told to."""

import functools
import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfrl import cli
from tfrl.harness.study import Environment, Study, Value

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


@dataclass(frozen=True)
class Config:
    """What can be told to a fake run."""

    learning_rate: float = 0.1
    layers: tuple[int, ...] = (4, 4)
    double: bool = False
    failure: str = ""  # how to fail: a key of _FAILURES
    failing_seed: int = 1
    seconds: float = 0.0  # of each run
    file: str = ""  # a line is appended to it for each run
    gate: str = ""  # a file that runs wait for

    def __post_init__(self):
        if self.learning_rate <= 0:
            raise ValueError("learning_rate is a positive number")


@dataclass(frozen=True)
class Result:
    """What a run leaves behind."""

    episodes: Mapping[str, np.ndarray]
    evaluations: Mapping[str, np.ndarray]
    weights_sha256: str
    timings: Mapping[str, float]
    updates: int


@dataclass(frozen=True)
class Trainer:
    """Makes up results that are a pure function of its fields and the seed."""

    config: Config
    steps: int
    every: int
    episodes: int

    def run(self, seed: int, on_progress: Callable[[int], None] | None = None) -> Result:
        """Seeds other than `failing_seed` finish."""
        if self.config.file:
            with Path(self.config.file).open("a") as file:
                file.write(f"{seed}\n")
        while self.config.gate and not Path(self.config.gate).exists():
            time.sleep(0.02)
        for part in range(10):
            time.sleep(self.config.seconds / 10)
            if on_progress:
                on_progress(self.steps * part // 10)
        failing = seed == self.config.failing_seed
        if failing:
            _FAILURES[self.config.failure]()
        result = self._result(seed)
        if failing and self.config.failure == "infinite":
            result.episodes["return"][3] = np.inf
        return result

    def _result(self, seed: int) -> Result:
        generator = np.random.default_rng([seed, int(self.config.learning_rate * 1e6)])
        lengths = generator.integers(1, 20, size=50)
        schedule = np.arange(0, self.steps + 1, self.every)
        points = np.repeat(schedule, self.episodes)
        return Result(
            episodes={
                "step": np.cumsum(lengths),
                "episode": np.arange(50),
                "return": lengths.astype(np.float64),
                "length": lengths,
            },
            evaluations={
                "step": points,
                "split": np.full(points.shape, "default", dtype=object),
                "policy": np.full(points.shape, "greedy", dtype=object),
                "episode": np.tile(np.arange(self.episodes), len(schedule)),
                "return": generator.normal(size=points.shape),
                "length": np.full(points.shape, 7),
            },
            weights_sha256=hashlib.sha256(lengths.tobytes()).hexdigest(),
            timings={"compile": 0.0, "train": 0.01, "evaluate": 0.001},
            updates=self.steps // 2,
        )


def _raise(error: BaseException) -> None:
    raise error


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
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
}


class Engine:
    """Stands in for `tfrl.harness.engine.Engine`."""

    def configure(self) -> None:
        """Needs nothing."""

    def config(self, pipeline: str) -> type:
        """Knows one pipeline."""
        if pipeline != "fake":
            raise LookupError(f"{pipeline!r} is no pipeline: expected fake")
        return Config

    def check(self, environment: Environment) -> None:
        """Knows one environment."""
        if environment.id != "Line-v0":
            raise LookupError(f"{environment.id!r} is no environment: expected Line-v0")

    def trainer(
        self,
        study: Study,
        environment: Environment,
        pipeline: str,
        hyperparameters: Mapping[str, Value],
    ) -> Trainer:
        """Needs no compilation."""
        evaluation = study.evaluation
        config = Config(**hyperparameters)
        return Trainer(config, study.steps, evaluation.every, evaluation.episodes)

    def sources(self, pipeline: str) -> list[Path]:
        """A file that a test may change."""
        return [Path(file) for file in [os.environ.get("FAKE_SOURCE", __file__)]]


def main() -> int:
    """`tfrl` with this engine."""
    return cli.main(engine=Engine())
