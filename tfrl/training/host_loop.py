"""Training and evaluation in Gymnasium environments, which are stepped from Python."""

import functools
import itertools
import random
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context, execute
from tf_agents.policies import tf_policy
from tf_agents.trajectories import StepType, policy_step, trajectory
from tf_agents.trajectories import time_step as ts

from tfrl.environments.gymnasium_wrapper import seed_global_generators
from tfrl.environments.host_environment import HostEnvironment
from tfrl.pipelines.pipeline import MakeEnvironment, Pipeline
from tfrl.training.evaluation import Plan
from tfrl.training.loop import Loop, State
from tfrl.variations import LevelConfig

MAX_PLAYED_AT_ONCE = 32  # environments of an evaluation

Call = Callable[..., list[np.ndarray]]  # a compiled function from arrays to arrays


class HostLoop(Loop):
    """Steps the environments from Python, with one call of a compiled function per vector step.

    The call chooses the next actions. When a collection is complete, the same call first replays
    its frames to the pipeline's collector and learns from them.
    """

    def __init__(self, pipeline: Pipeline, load: MakeEnvironment, plan: Plan, debug: bool = False):
        """Traces the functions. All plans that are played later have the size of `plan`."""
        super().__init__(pipeline, debug)
        self._environment = pipeline.environment
        self._collector = pipeline.collector
        self._steps = 0
        self._history: list[np.ndarray] = []  # the actions of each collection, int64 [T, B]
        # The current collection: the time step at the start of each frame and the one after the
        # last frame, and the actions chosen at them.
        max_frames, time_step = self._collector.max_frames, self._environment.packed_spec
        self._time_steps = np.zeros([max_frames + 1, *time_step.shape], np.float32)
        self._actions = np.zeros([max_frames + 1, self._environment.batch_size], np.int64)
        self._act = self._call(self._act_in_graph, time_step)
        self._complete = {
            learns: self._call(
                functools.partial(self._complete_in_graph, learns),
                tf.TensorSpec(self._time_steps.shape, tf.float32),
                tf.TensorSpec(self._actions.shape, tf.int64),
                tf.TensorSpec([], tf.int32),
            )
            for learns in ((False, True) if pipeline.initial_collect_steps else (True,))
        }
        self._evaluation_environment = load(min(len(plan.level), MAX_PLAYED_AT_ONCE))
        self._choose = [
            self._call(
                functools.partial(self._choose_in_graph, policy),
                self._evaluation_environment.packed_spec,
            )
            for policy in self._evaluation_policies
        ]

    def compile(self) -> None:
        """Compiles all functions by calling them once."""
        self._act(self._time_steps[0])
        for complete in self._complete.values():
            complete(self._time_steps, self._actions, np.array(1, np.int32))
        for choose in self._choose:
            environment = self._evaluation_environment
            choose(environment.packed(environment.host.current_time_step()))

    def restart(self, seed: int, level_config: LevelConfig) -> None:
        """Initializes pipeline and environments and collects the initial steps."""
        self._initialize(seed, level_config)
        self._steps, self._history = 0, []
        if not self._collector.begins_with_reset:
            self._begin(self._environment.host.current_time_step())
        self.train(self._pipeline.initial_collect_steps)

    def resume(self, seed: int, level_config: LevelConfig, state: State) -> None:
        """Restores the variables, and the environments by repeating all actions of the run."""
        self._initialize(seed, level_config)
        lengths, actions = state["collection-lengths"], state["collected-actions"]
        self._history = np.split(actions, np.cumsum(lengths)[:-1]) if len(lengths) else []
        for collection in self._history:
            if self._collector.begins_with_reset:
                self._environment.host.reset()
            for action in collection:
                self._environment.host.step(self._environment.host_action(action))
        self._restore(state)
        self._steps = int(self._pipeline.episode_log.environment_steps.numpy())
        self._time_steps[0], self._actions[0] = state["time-step"], state["action"]

    def state(self) -> State:
        """Returns the variables, the actions of all collections and the current time step."""
        return {
            **super().state(),
            "time-step": self._time_steps[0].copy(),
            "action": self._actions[0].copy(),
            "collection-lengths": np.array([len(actions) for actions in self._history], np.int64),
            "collected-actions": np.concatenate([self._actions[:0], *self._history]),
        }

    def train(self, until: int) -> None:
        """Trains until at least `until` environment steps have been taken."""
        while self._steps < until:
            self._iterate()

    def evaluate(self, plan: Plan, seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Seeds the global generators, plays the plan, and restores the generators' state."""
        python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
        seed_global_generators(seed, index)
        try:
            return super().evaluate(plan, seed, index)
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)  # noqa: NPY002

    def play(self, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
        """Plays the episodes of a plan, at most `MAX_PLAYED_AT_ONCE` at a time."""
        environment, results = self._evaluation_environment, []
        for choose in self._choose:
            environment.host.recreate_environments()
            results.append(play(environment, choose, plan.level))
        returns, lengths = zip(*results, strict=True)
        return np.stack(returns), np.stack(lengths)

    def _initialize(self, seed: int, level_config: LevelConfig) -> None:
        """Brings pipeline and environments to their state before the first frame of a run."""
        seed_global_generators(seed)
        host = self._environment.host
        host.recreate_environments()
        host.seed(seed, level_config.num_levels)
        self._pipeline.initialize(seed)

    def _iterate(self) -> None:
        """Collects once, and learns from the collection once the initial steps are complete."""
        host, collector = self._environment.host, self._collector
        learns = self._steps >= self._pipeline.initial_collect_steps
        if collector.begins_with_reset:
            self._begin(host.reset())
        ended = np.zeros(host.batch_size, bool)
        for num_frames in itertools.count(1):
            action = self._environment.host_action(self._actions[num_frames - 1])
            time_step = host.step(action)
            packed = self._time_steps[num_frames] = self._environment.packed(time_step)
            ended |= time_step.step_type == StepType.LAST
            if collector.is_complete(num_frames, ended.all()):
                break
            (self._actions[num_frames],) = self._act(packed)
        self._history.append(self._actions[:num_frames].copy())
        self._actions[0], steps = self._complete[learns](
            self._time_steps, self._actions, np.array(num_frames, np.int32)
        )
        self._time_steps[0] = self._time_steps[num_frames]
        self._steps = int(steps)

    def _begin(self, time_step: ts.TimeStep) -> None:
        """Chooses the first actions of a collection that begins with `time_step`."""
        packed = self._time_steps[0] = self._environment.packed(time_step)
        (self._actions[0],) = self._act(packed)

    def _call(self, function: Callable[..., tuple], *signature: tf.TensorSpec) -> Call:
        """Compiles a function of tensors into one of arrays."""
        traced = self._trace(function, *signature)
        if self._debug:
            return lambda *arrays: [x.numpy() for x in traced(*map(tf.constant, arrays))]
        return direct_call(traced)

    def _act_in_graph(self, packed: tf.Tensor) -> tuple[tf.Tensor]:
        """Returns the actions `[B]` at a time step."""
        return (self._collector.policy.action(self._environment.unpacked(packed)).action,)

    def _complete_in_graph(
        self, learns: bool, time_steps: tf.Tensor, actions: tf.Tensor, num_frames: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Processes a collection. Returns the next actions `[B]` and the environment steps."""
        policy = self._collector.policy
        policy_state = policy.get_initial_state(self._environment.batch_size)

        def frame_at(t):
            before, after = (self._environment.unpacked(time_steps[u]) for u in (t, t + 1))
            # The weights have not changed since the policy acted, so its info is the same now.
            # Computing it here is cheaper than returning it from every step.
            info = policy.distribution(before, policy_state).info
            action_step = policy_step.PolicyStep(actions[t], policy_state, info)
            return trajectory.from_transition(before, action_step, after)

        last = time_steps[num_frames]
        self._environment.set_time_step(last)
        with self._collector.replaying(frame_at, num_frames):
            if learns:
                self._pipeline.loss_log.observe(self._pipeline.iterate())
            else:
                self._collector.collect()
        # A collection that begins with a reset does not begin with the time step `last`.
        action = actions[0] if self._collector.begins_with_reset else self._act_in_graph(last)[0]
        return action, self._pipeline.episode_log.environment_steps.read_value()

    def _choose_in_graph(self, policy: tf_policy.TFPolicy, packed: tf.Tensor) -> tuple[tf.Tensor]:
        return (policy.action(self._evaluation_environment.unpacked(packed)).action,)


def direct_call(compiled: tf.types.experimental.ConcreteFunction) -> Call:
    """Returns a fast call of a compiled function with arrays.

    A concrete function checks its arguments, which takes longer than the rest of a small call. This
    skips the checks. A call returns after the computation: the arrays may then be overwritten. The
    caller must keep a reference to `compiled`, since the call fails after it is deleted.
    """
    name, captured = compiled.inference_fn.name.decode(), compiled.captured_inputs
    num_outputs, ctx = len(compiled.outputs), context.context()
    attrs = tuple(itertools.chain(*ctx.function_call_options.as_attrs().items()))
    # Shares the memory of the array, which is faster than `tf.constant`.
    from_dlpack = tf.experimental.dlpack.from_dlpack

    def call(*arrays: np.ndarray) -> list[np.ndarray]:
        inputs = [from_dlpack(array.__dlpack__()) for array in arrays]
        outputs = execute.execute(name, num_outputs, [*inputs, *captured], attrs, ctx)
        return [output.numpy() for output in outputs]

    return call


def play(
    environment: HostEnvironment, choose: Call, levels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Plays one episode in each of the levels `[E]`. An idle environment takes the next level.

    Returns:
      the returns, float64 `[E]`, and the lengths in environment steps, int64 `[E]`.
    """
    host = environment.host
    waiting = iter(range(len(levels)))
    episode = np.zeros(host.batch_size, int)  # index of the current episode of each environment
    # Environments that find no level waiting replay the last one. An extra row takes its rewards.
    returns, lengths = np.zeros(len(levels) + 1), np.zeros(len(levels) + 1, int)

    def next_level(index: int) -> int:
        episode[index] = next(waiting, len(levels))
        return int(levels[min(episode[index], len(levels) - 1)])

    host.next_level = next_level
    time_step, num_ended = host.reset(), 0
    while num_ended < len(levels):
        (action,) = choose(environment.packed(time_step))
        time_step = host.step(environment.host_action(action))
        np.add.at(returns, episode, time_step.reward)
        np.add.at(lengths, episode, time_step.step_type != StepType.FIRST)
        num_ended += np.sum((time_step.step_type == StepType.LAST) & (episode < len(levels)))
    return returns[:-1], lengths[:-1]
