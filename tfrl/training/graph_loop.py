"""Training and evaluation in environments inside the TensorFlow graph."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy

from tfrl.pipelines.pipeline import MakeEnvironment, Pipeline
from tfrl.training.evaluation import Plan
from tfrl.training.loop import Loop, State
from tfrl.variations import LevelConfig


class GraphLoop(Loop):
    """Trains in one compiled loop: one call from Python runs thousands of steps."""

    def __init__(self, pipeline: Pipeline, load: MakeEnvironment, plan: Plan, debug: bool = False):
        """Traces the functions. All plans that are played later have the shapes of `plan`."""
        super().__init__(pipeline, debug)
        self._environment = load(len(plan.level))
        self._plan = plan
        self._begin = self._trace(self._collect_first)
        self._train = self._trace(self._iterate_until, tf.TensorSpec([], tf.int64))
        self._play = self._trace(
            self._play_with_each_policy,
            tf.TensorSpec(plan.level.shape, tf.int64),
            tf.TensorSpec(plan.intervals.shape, tf.float64),
        )

    def compile(self) -> None:
        """Compiles all functions by calling them once."""
        self._begin()
        self.train(0)
        self.play(self._plan)

    def restart(self, seed: int, level_config: LevelConfig) -> None:
        """Initializes the pipeline and collects the initial steps."""
        self._pipeline.environment.set_level_config(level_config)
        self._pipeline.initialize(seed)
        self._begin()

    def resume(self, seed: int, level_config: LevelConfig, state: State) -> None:
        """Restores the variables, which hold all of the state."""
        self._restore(state)

    def train(self, until: int) -> None:
        """Trains until at least `until` environment steps have been taken."""
        self._train(tf.constant(until, tf.int64))

    def play(self, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
        """Plays all episodes of a plan at once, in one environment per episode."""
        returns, lengths = self._play(tf.constant(plan.level), tf.constant(plan.intervals))
        return returns.numpy(), lengths.numpy()

    def _collect_first(self) -> None:
        self._repeat(self._pipeline.collector.collect, self._pipeline.initial_collect_steps)

    def _iterate_until(self, step: tf.Tensor) -> None:
        pipeline = self._pipeline
        self._repeat(lambda: pipeline.loss_log.observe(pipeline.iterate()), step)

    def _repeat(self, iterate: Callable[[], object], until: tf.Tensor | int) -> None:
        """Calls `iterate` until at least `until` environment steps have been taken."""
        steps = self._pipeline.episode_log.environment_steps
        if self._debug:
            while steps < until:
                iterate()
                self._pipeline.check_observed()
            return

        def body():
            iterate()
            return ()

        tf.while_loop(lambda: steps < until, body, ())

    def _play_with_each_policy(
        self, levels: tf.Tensor, intervals: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        results = []
        for policy in self._evaluation_policies:
            self._environment.set_levels(levels, intervals)
            results.append(play(self._environment, policy))
        returns, lengths = zip(*results, strict=True)
        return tf.stack(returns), tf.stack(lengths)


def play(
    environment: tf_environment.TFEnvironment, policy: tf_policy.TFPolicy
) -> tuple[tf.Tensor, tf.Tensor]:
    """Plays with `policy` until the current episode of each environment has ended.

    Returns:
      the rewards of each episode summed from here on, float32 `[B]`, and its remaining environment
      steps, int64 `[B]`.
    """
    shape = [environment.batch_size]

    def step(over, returns, lengths):
        action = policy.action(environment.current_time_step()).action
        time_step = environment.step(action)
        returns += tf.where(over, 0.0, time_step.reward)
        lengths += tf.cast(~over, tf.int64)
        return over | time_step.is_last(), returns, lengths

    _, returns, lengths = tf.while_loop(
        lambda over, *_: ~tf.reduce_all(over),
        step,
        [tf.zeros(shape, tf.bool), tf.zeros(shape), tf.zeros(shape, tf.int64)],
    )
    return returns, lengths
