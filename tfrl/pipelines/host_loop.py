"""Runs a pipeline whose environment is outside of the graph."""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tf_agents.policies import tf_policy
from tf_agents.trajectories import StepType, trajectory
from tf_agents.trajectories import time_step as ts
from tf_agents.typing import types

from tfrl.components.packing import PackedVariable
from tfrl.conditions import Conditions
from tfrl.environments.host_environment import HostEnvironment
from tfrl.environments.suite_gymnasium import GymnasiumWrapper
from tfrl.pipelines.evaluation import Plan
from tfrl.pipelines.loop import Loop
from tfrl.pipelines.pipeline import MakeEnvironment, Pipeline

MAX_PLAYED_AT_ONCE = 32  # episodes of an evaluation, each in an environment of its own

Call = Callable[[ts.TimeStep], list[np.ndarray]]  # of a compiled function


class HostLoop(Loop):
    """Steps the environments from Python, with one call of a compiled function for each step.

    The call shows the new frame to the pipeline's collector, learns if that completes the
    collection, and chooses the next action. What `Collector.collect` keeps in a loop in the graph
    is kept in variables from call to call, so that frames and updates are the same.
    """

    def __init__(self, pipeline: Pipeline, load: MakeEnvironment, plan: Plan):
        """Traces the functions; `plan` is one of those that are to be played."""
        super().__init__(pipeline)
        self._environment = pipeline.environment
        self._collector = pipeline.collector
        self._steps = 0
        size = self._environment.batch_size
        action_step = tf.nest.map_structure(
            lambda spec: tf.zeros([size, *spec.shape], spec.dtype),
            self._collector.policy.policy_step_spec,
        )
        self._action_step = PackedVariable(action_step)
        self._kept = PackedVariable(self._collector.start())
        self._begin, self._go_on, self._complete, self._complete_and_learn = (
            self._call(self._environment, function)
            for function in (
                self._begin_in_graph,
                self._go_on_in_graph,
                functools.partial(self._complete_in_graph, False),
                functools.partial(self._complete_in_graph, True),
            )
        )
        self._evaluation_environment = load(min(len(plan.level), MAX_PLAYED_AT_ONCE))
        self._choose = [
            self._call(
                self._evaluation_environment, functools.partial(self._choose_in_graph, policy)
            )
            for policy in self._evaluation_policies
        ]

    def rehearse(self) -> None:
        """See `Loop`."""
        time_step = self._environment.host.current_time_step()
        for call in (self._begin, self._go_on, self._complete, self._complete_and_learn):
            call(time_step)
        for call in self._choose:
            call(self._evaluation_environment.host.current_time_step())

    def restart(self, seed: int, conditions: Conditions) -> None:
        """See `Loop`."""
        host = self._environment.host
        host.renew()
        host.seed(seed, conditions.num_levels)
        self._pipeline.initialize(seed)
        self._steps = 0
        if not self._collector.begins_with_reset:
            (self._action,) = self._begin(host.current_time_step())
        self.train(self._pipeline.initial_collect_steps)

    def train(self, until: int) -> None:
        """See `Loop`."""
        while self._steps < until:
            self._iterate()

    def play(self, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
        """See `Loop`."""
        host, results = self._evaluation_environment.host, []
        for choose in self._choose:
            host.renew()
            results.append(play(host, choose, plan.level))
        returns, lengths = zip(*results, strict=True)
        return np.stack(returns), np.stack(lengths)

    def _iterate(self) -> None:
        """Collects once, and learns from that unless it is among the initial steps."""
        host, collector = self._environment.host, self._collector
        learns = self._steps >= self._pipeline.initial_collect_steps
        if collector.begins_with_reset:
            (self._action,) = self._begin(host.reset())
        num_frames, ended = 0, np.zeros(host.batch_size, bool)
        while True:
            time_step = host.step(self._action)
            num_frames += 1
            ended |= time_step.step_type == StepType.LAST
            if collector.is_complete(num_frames, ended.all()):
                break
            (self._action,) = self._go_on(time_step)
        complete = self._complete_and_learn if learns else self._complete
        self._action, steps = complete(time_step)
        self._steps = int(steps)

    def _call(self, environment: HostEnvironment, function: Callable[[tf.Tensor], tuple]) -> Call:
        """Calls a function that is compiled with a time step of the host.

        What is called is not the concrete function, which spends most of such a call on checks, but
        the one inside of it.
        """
        traced = self._trace(function, environment.packed_spec)
        inner, captured = traced.inference_fn.call_flat, traced.captured_inputs

        def call(time_step: ts.TimeStep) -> list[np.ndarray]:
            # Shares the memory of an array that nobody else has; `tf.constant` takes its time.
            packed = tf.experimental.dlpack.from_dlpack(environment.packed(time_step).__dlpack__())
            outputs = inner(packed, *captured)
            return [output.numpy() for output in outputs]

        return call

    def _begin_in_graph(self, packed: tf.Tensor) -> tuple[tf.Tensor]:
        """Takes in a time step that ends no frame. Returns the action."""
        self._environment.show(packed)
        return (self._act(),)

    def _go_on_in_graph(self, packed: tf.Tensor) -> tuple[tf.Tensor]:
        """Takes in a time step after which the collection goes on. Returns the action."""
        kept, _ = self._observe(packed)
        self._kept.assign(kept)
        return (self._act(),)

    def _complete_in_graph(self, learns: bool, packed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Takes in the last time step of a collection. Returns the action and the steps so far."""
        kept, frame = self._observe(packed)
        if learns:
            self._pipeline.learn(self._collector.experience(kept, frame))
        self._kept.assign(self._collector.start())
        resets = self._collector.begins_with_reset  # and then there is another action to choose
        action = self._action_step.read().action if resets else self._act()
        return action, self._pipeline.episode_log.environment_steps.read_value()

    def _observe(self, packed: tf.Tensor) -> tuple[types.NestedTensor, trajectory.Trajectory]:
        """Shows the collector the frame that ends in a time step. What it keeps, and the frame."""
        before = self._environment.current_time_step()
        self._environment.show(packed)
        after = self._environment.current_time_step()
        frame = trajectory.from_transition(before, self._action_step.read(), after)
        return self._collector.add(self._kept.read(), frame), frame

    def _act(self) -> tf.Tensor:
        """Chooses the action that follows the current time step, as the host takes it."""
        action_step = self._collector.policy.action(self._environment.current_time_step())
        self._action_step.assign(action_step)
        return self._environment.host_action(action_step.action)

    def _choose_in_graph(self, policy: tf_policy.TFPolicy, packed: tf.Tensor) -> tuple[tf.Tensor]:
        environment = self._evaluation_environment
        return (environment.host_action(policy.action(environment.unpacked(packed)).action),)


def play(host: GymnasiumWrapper, choose: Call, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Plays an episode in each of the levels `[E]`. An environment that is done takes the next one.

    Returns:
      the returns, float64 `[E]`, and the lengths in environment steps, int64 `[E]`.
    """
    waiting = iter(range(len(levels)))
    episode = np.zeros(host.batch_size, int)  # that each environment is in
    # What is played when none is waiting any more goes to the row behind the last.
    returns, lengths = np.zeros(len(levels) + 1), np.zeros(len(levels) + 1, int)

    def next_level(place: int) -> int:
        episode[place] = next(waiting, len(levels))
        return int(levels[min(episode[place], len(levels) - 1)])

    host.next_level = next_level
    time_step, num_ended = host.reset(), 0
    while num_ended < len(levels):
        time_step = host.step(*choose(time_step))
        np.add.at(returns, episode, time_step.reward)
        np.add.at(lengths, episode, time_step.step_type != StepType.FIRST)
        num_ended += np.sum((time_step.step_type == StepType.LAST) & (episode < len(levels)))
    return returns[:-1], lengths[:-1]
