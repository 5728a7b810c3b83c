"""The base class of the training loops."""

import abc
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from tfrl.components.randomness import RandomStream, Stream
from tfrl.components.tracing import check_random_operations, without_global_generators
from tfrl.pipelines.pipeline import Pipeline
from tfrl.training.evaluation import Plan
from tfrl.training.long_sums import long_sums
from tfrl.variations import LevelConfig

State = Mapping[str, np.ndarray]


class Loop(abc.ABC):
    """Trains a pipeline and evaluates its policies in compiled functions.

    The constructor of a subclass traces the functions without running them.
    """

    def __init__(self, pipeline: Pipeline, debug: bool):
        """Makes the policies to evaluate, in the order of `POLICIES`.

        Args:
          pipeline: the pipeline to train.
          debug: if true, nothing is traced: every operation runs eagerly.
        """
        self._pipeline = pipeline
        self._debug = debug
        self._evaluation_random = RandomStream(Stream.EVALUATION)
        self._evaluation_policies = (
            pipeline.policy,
            pipeline.stochastic_policy(self._evaluation_random),
        )
        self._traced: list[tf.types.experimental.ConcreteFunction] = []

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables of the traced functions, in the order of their creation."""
        variables = {v.ref(): v for function in self._traced for v in function.graph.variables}
        return sorted(variables.values(), key=_creation_index)

    @property
    def long_sums(self) -> tuple[str, ...]:
        """Operations whose bits may differ on a processor with a different cache."""
        return tuple(dict.fromkeys(phrase for item in self._traced for phrase in long_sums(item)))

    @abc.abstractmethod
    def compile(self) -> None:
        """Compiles all functions by calling them once.

        The calls change the variables. Reset these to their initial values before `restart` or
        `resume`.
        """

    @abc.abstractmethod
    def restart(self, seed: int, level_config: LevelConfig) -> None:
        """Prepares the first iteration. All variables must have their initial values."""

    @abc.abstractmethod
    def resume(self, seed: int, level_config: LevelConfig, state: State) -> None:
        """Prepares the iteration that follows a saved state.

        All variables must have their initial values.

        Args:
          seed: seed of the run that saved `state`.
          level_config: levels of that run.
          state: output of `state` in a run of the same pipeline.
        """

    def state(self) -> State:
        """Returns everything that the next iteration depends on. Call it between iterations."""
        return {f"variable-{i}": variable.numpy() for i, variable in enumerate(self.variables)}

    @abc.abstractmethod
    def train(self, until: int) -> None:
        """Trains until at least `until` environment steps have been taken."""

    @abc.abstractmethod
    def play(self, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
        """Plays the episodes of a plan with each policy.

        Returns:
          returns and lengths in environment steps, each `[len(POLICIES), E]`.
        """

    def _restore(self, state: State) -> None:
        """Assigns the values in `state` to all variables."""
        for i, variable in enumerate(self.variables):
            variable.assign(state[f"variable-{i}"])

    def evaluate(self, plan: Plan, seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Plays the plan of evaluation number `index` of the run with `seed`, as `play` does."""
        self._evaluation_random.reseed(seed, block=index)
        return self.play(plan)

    def _trace(self, function: Callable, *signature: tf.TensorSpec) -> Callable:
        """Returns the function traced for these arguments, which XLA compiles at its first call."""
        if self._debug:
            return function
        traced = tf.function(function, jit_compile=True, autograph=False)
        with without_global_generators():
            concrete = traced.get_concrete_function(*signature)
        check_random_operations(concrete)
        self._traced.append(concrete)
        return concrete


def _creation_index(variable: tf.Variable) -> int:
    """Returns the number of variables created before it. A graph does not keep their order."""
    return int(variable._unique_id.rpartition("_")[2])
