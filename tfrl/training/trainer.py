"""The trainer, which compiles a pipeline once and runs it for any number of seeds."""

import contextlib
import dataclasses
import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol

import numpy as np
import tf_keras as keras
from tf_agents.environments import tf_environment

from tfrl import environments
from tfrl.components.networks import sum_in_chunks
from tfrl.environments.host_environment import HostEnvironment
from tfrl.pipelines.pipeline import LOG_CAPACITY, Pipeline
from tfrl.training import evaluation
from tfrl.training.evaluation import Columns
from tfrl.training.graph_loop import GraphLoop
from tfrl.training.host_loop import HostLoop
from tfrl.training.loop import State
from tfrl.variations import DEFAULT_LEVELS, DEFAULT_VARIATION, LevelConfig, check


@dataclasses.dataclass(frozen=True)
class RunResult:
    """Results of one run."""

    episodes: Columns  # step, episode, return, length; one row per training episode
    evaluations: Columns  # columns of `evaluation.Plan.table`; one row per episode and policy
    losses: Columns  # step, name, value; about 200 points per name
    policies: Columns  # step and the greedy policy's weights at it; empty if none are kept
    weights_sha256: str  # SHA-256 of the final weights of all networks
    timings: dict[str, float]  # seconds of "compile", "train" and "evaluate"
    updates: int  # number of gradient updates


class Checkpoint(Protocol):
    """The saved state of an interrupted run, from which it resumes."""

    def load(self) -> State | None:
        """Returns the last saved state; None if there is none."""

    def is_due(self) -> bool:
        """Returns true if it is time to save again."""

    def save(self, state: State) -> None:
        """Replaces the saved state by `state`."""


class Trainer:
    """Trains one configuration. `run` is a pure function of configuration, seed and levels.

    All training happens in compiled functions. Each run first resets all variables of these
    functions to their initial values, so runs do not affect each other.
    """

    def __init__(
        self,
        pipeline: type[Pipeline],
        config: Any,
        environment: str,
        num_environment_steps: int,
        evaluation_every: int,
        evaluation_episodes: int,
        num_shifted: int = 0,
        evaluation_every_early: int | None = None,
        keep_policies: str = "final",
        debug: bool = False,
    ):
        """Builds and compiles the pipeline, which takes some seconds.

        Args:
          pipeline: the class to train.
          config: an instance of `pipeline.Config`.
          environment: id of the environment.
          num_environment_steps: length of training, in environment steps.
          evaluation_every: environment steps between evaluations. There is also one at the start
            and one at the end.
          evaluation_episodes: episodes per evaluation, split and policy.
          num_shifted: number of variations to test on in addition to the one trained on.
          evaluation_every_early: environment steps between evaluations in the first fifth of
            training, where agents learn most; None for `evaluation_every`.
          keep_policies: "all" keeps the weights of every evaluation, "final" those of the last one,
            "none" keeps none.
          debug: if true, nothing is compiled, so breakpoints, prints and tracebacks work. Such a
            trainer is slower by orders of magnitude and can be used for one run only.

        Raises:
          LookupError: the environment does not exist.
        """
        self._timings: dict[str, float] = {}  # added to the timings of the next run
        self._num_environment_steps = num_environment_steps
        self._evaluation_every = evaluation_every
        self._evaluation_every_early = evaluation_every_early or evaluation_every
        self._evaluation_episodes = evaluation_episodes
        self._keep_policies = keep_policies
        self._environment_id = environment
        self._num_shifted = num_shifted
        with _timed(self._timings, "compile"):
            # Keras numbers layers per process, and XLA orders computations by layer name, where
            # dense_10 comes before dense_9. A different order of sums gives different bits.
            keras.backend.reset_uids()
            self._pipeline = pipeline(self._load, config, num_environment_steps)
            sum_in_chunks(self._pipeline)
            level_config = LevelConfig(test=(DEFAULT_VARIATION,) * num_shifted)
            example = self._plan(level_config, seed=0, index=0)
            on_host = isinstance(self._pipeline.environment, HostEnvironment)
            loop = HostLoop if on_host else GraphLoop
            self._loop = loop(self._pipeline, self._load, example, debug)
            self._pipeline.check_trained(self._loop.variables)
            self._initial_values = [
                (variable, variable.numpy()) for variable in self._loop.variables
            ]
            if not debug:
                self._loop.compile()

    @property
    def long_sums(self) -> tuple[str, ...]:
        """Operations whose bits may differ on a processor with a different cache.

        Empty for the shipped pipelines.
        """
        return self._loop.long_sums

    def run(
        self,
        seed: int,
        level_config: LevelConfig = DEFAULT_LEVELS,
        on_progress: Callable[[int], None] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> RunResult:
        """Trains with `seed` and evaluates on schedule.

        An evaluation takes place after the first iteration that reaches its scheduled step.
        Training ends with the first iteration that reaches `num_environment_steps`.

        Args:
          seed: an integer >= 0.
          level_config: levels to train on, and `num_shifted` further variations to test on.
          on_progress: called from time to time with the environment steps taken so far.
          checkpoint: saved state of the same run. An interrupted run resumes from it and gives the
            same result bit for bit.

        Raises:
          FloatingPointError: a weight became NaN or infinite.
          LookupError: the environment does not have these variations or levels.
          ValueError: `level_config.test` does not have `num_shifted` variations.
        """
        check(self._environment_id, level_config)
        if len(level_config.test) != self._num_shifted:
            expected = f"expected {self._num_shifted} variations"
            raise ValueError(f"test is {list(level_config.test)}: {expected}")
        run_state = _RunState(self._timings)
        self._timings = {"compile": 0.0}
        with _timed(run_state.timings, "train"):
            self._start(seed, level_config, checkpoint, run_state)
        for index, step in list(enumerate(self._schedule()))[run_state.num_evaluations :]:
            self._train(step, run_state, on_progress or (lambda step: None), checkpoint)
            with _timed(run_state.timings, "evaluate"):
                plan = self._plan(level_config, seed, index)
                returns, lengths = self._loop.evaluate(plan, seed, index)
            run_state.evaluations.append(plan.table(step, returns, lengths))
            run_state.policies += self._policy(step)
            run_state.num_evaluations += 1
        columns = _concatenate(run_state.episodes)
        return RunResult(
            episodes={"episode": np.arange(len(columns["step"])), **columns},
            evaluations=_concatenate(run_state.evaluations),
            losses=_concatenate(run_state.losses),
            policies=_concatenate(run_state.policies),
            weights_sha256=hashlib.sha256(
                b"".join(weight.tobytes() for weight in self._weights())
            ).hexdigest(),
            timings=run_state.timings,
            updates=int(self._pipeline.agent.train_step_counter.numpy()),
        )

    def _schedule(self) -> list[int]:
        """Returns the environment steps of all evaluations."""
        end = self._num_environment_steps
        early = range(0, end // 5, self._evaluation_every_early)
        return sorted({*early, *range(0, end, self._evaluation_every), end})

    def _policy(self, step: int) -> list[Columns]:
        """Returns a table of the greedy policy's weights at `step`, if they are to be kept."""
        keep = {"all": True, "final": step == self._num_environment_steps, "none": False}
        if not keep[self._keep_policies]:
            return []
        weights = self._pipeline.policy_variables
        return [
            {"step": np.array([step]), **{name: w.numpy()[None] for name, w in weights.items()}}
        ]

    def _start(
        self,
        seed: int,
        level_config: LevelConfig,
        checkpoint: Checkpoint | None,
        run_state: "_RunState",
    ) -> None:
        """Prepares the first iteration, or the one after the checkpoint."""
        for variable, value in self._initial_values:
            variable.assign(value)
        saved = checkpoint.load() if checkpoint else None
        if saved is None:
            self._loop.restart(seed, level_config)
            run_state.episodes.append(self._pipeline.episode_log.take())
        else:
            self._loop.resume(seed, level_config, saved)
            run_state.restore(saved)

    def _train(
        self,
        until: int,
        run_state: "_RunState",
        on_progress: Callable[[int], None],
        checkpoint: Checkpoint | None,
    ) -> None:
        """Trains until `until` environment steps, in calls that do not overflow the log."""
        log = self._pipeline.episode_log
        step = int(log.environment_steps.numpy())
        on_progress(step)
        while step < until:
            with _timed(run_state.timings, "train"):
                self._loop.train(min(until, step + LOG_CAPACITY // 2))
                step = int(log.environment_steps.numpy())
                if not all(np.isfinite(weight).all() for weight in self._weights()):
                    raise FloatingPointError(f"a weight became NaN or infinite by step {step}")
                run_state.episodes.append(log.take())
                run_state.losses.append(self._pipeline.loss_log.take())
            on_progress(step)
            if checkpoint and checkpoint.is_due():
                checkpoint.save({**self._loop.state(), **run_state.state()})

    def _load(self, batch_size: int) -> tf_environment.TFEnvironment:
        return environments.load(self._environment_id, batch_size=batch_size)

    def _plan(self, level_config: LevelConfig, seed: int, index: int) -> evaluation.Plan:
        return evaluation.plan(
            self._environment_id, level_config, self._evaluation_episodes, seed, index
        )

    def _weights(self) -> list[np.ndarray]:
        return [w.numpy() for network in self._pipeline.networks for w in network.variables]


@dataclasses.dataclass
class _RunState:
    """The progress of a run, except for the values of its variables."""

    timings: dict[str, float]
    num_evaluations: int = 0
    episodes: list[Columns] = dataclasses.field(default_factory=list)
    evaluations: list[Columns] = dataclasses.field(default_factory=list)
    losses: list[Columns] = dataclasses.field(default_factory=list)
    policies: list[Columns] = dataclasses.field(default_factory=list)

    TABLES: ClassVar[tuple[str, ...]] = ("episodes", "evaluations", "losses", "policies")

    def state(self) -> State:
        """Returns the progress as arrays."""
        tables = {name: getattr(self, name) for name in self.TABLES}
        return {
            "num-evaluations": np.array(self.num_evaluations),
            **{f"seconds-{part}": np.array(spent) for part, spent in self.timings.items()},
            **{
                f"{table}-{name}": column.astype(str) if column.dtype == object else column
                for table, parts in tables.items()
                if parts
                for name, column in _concatenate(parts).items()
            },
        }

    def restore(self, state: State) -> None:
        """Restores the progress from the output of `state`."""

        def with_prefix(prefix: str) -> Columns:
            return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}

        self.num_evaluations = int(state["num-evaluations"])
        for name in self.TABLES:
            setattr(self, name, [table for table in [with_prefix(f"{name}-")] if table])
        for part, spent in with_prefix("seconds-").items():
            self.timings[part] = self.timings.get(part, 0.0) + float(spent)


@contextlib.contextmanager
def _timed(timings: dict[str, float], phase: str) -> Iterator[None]:
    """Adds the seconds spent in the `with` block to `timings[phase]`."""
    start = time.perf_counter()
    yield
    timings[phase] = timings.get(phase, 0.0) + time.perf_counter() - start


def _concatenate(tables: list[Columns]) -> Columns:
    names = tables[0] if tables else {}
    return {name: np.concatenate([table[name] for table in tables]) for name in names}
