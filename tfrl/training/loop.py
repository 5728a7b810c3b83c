"""How a pipeline is run: what a loop in the graph and one outside of it have in common."""

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
    """Trains a pipeline and plays with its policies, in compiled functions.

    A subclass traces them when it is made, without running them.
    """

    def __init__(self, pipeline: Pipeline, debug: bool):
        """Names the policies that are evaluated, in the order of `evaluation.POLICIES`.

        With `debug` nothing is traced: every operation runs when Python comes to it.
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
        """Every variable that training or evaluation may touch, in the order of their creation."""
        touched = {v.ref(): v for function in self._traced for v in function.graph.variables}
        return sorted(touched.values(), key=_number)

    @property
    def long_sums(self) -> tuple[str, ...]:
        """What may give other bits on a processor with another cache; see `long_sums`."""
        return tuple(dict.fromkeys(phrase for item in self._traced for phrase in long_sums(item)))

    @abc.abstractmethod
    def compile(self) -> None:
        """Calls every compiled function, which is when XLA compiles. Spoils the variables."""

    @abc.abstractmethod
    def restart(self, seed: int, level_config: LevelConfig) -> None:
        """Makes everything ready for the first iteration. The variables are as when built."""

    @abc.abstractmethod
    def resume(self, seed: int, level_config: LevelConfig, state: State) -> None:
        """Makes everything ready for the iteration after which `state` was taken.

        The variables are as when built. The state is of the same pipeline, seed and conditions.
        """

    def state(self) -> State:
        """All that the next iteration depends on. Not to be called inside an iteration."""
        return {f"variable-{i}": variable.numpy() for i, variable in enumerate(self.variables)}

    @abc.abstractmethod
    def train(self, until: int) -> None:
        """Makes iterations until there have been that many environment steps, or more."""

    @abc.abstractmethod
    def play(self, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
        """Plays the episodes of a plan with each policy.

        Returns:
          returns and lengths, `[len(POLICIES), E]`.
        """

    def _restore(self, state: State) -> None:
        """Gives every variable the value it has in `state`."""
        for i, variable in enumerate(self.variables):
            variable.assign(state[f"variable-{i}"])

    def evaluate(self, plan: Plan, seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Plays the plan of the evaluation number `index` of the run with `seed`; see `play`."""
        self._evaluation_random.reseed(seed, block=index)
        return self.play(plan)

    def _trace(self, function: Callable, *signature: tf.TensorSpec) -> Callable:
        """The function to be compiled by XLA, for arguments of these specs."""
        if self._debug:
            return function
        traced = tf.function(function, jit_compile=True, autograph=False)
        with without_global_generators():
            concrete = traced.get_concrete_function(*signature)
        check_random_operations(concrete)
        self._traced.append(concrete)
        return concrete


def _number(variable: tf.Variable) -> int:
    """How many were created before it: a graph does not keep the order of its variables."""
    return int(variable._unique_id.rpartition("_")[2])
