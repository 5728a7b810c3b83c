"""How experience is collected: a step, a rollout, or whole episodes.

An environment in the graph is stepped by `Collector.collect`. One outside of it has been stepped
before, and `collect` then replays its frames (`Collector.replaying`). What is observed and learned
from is the same either way.
"""

import abc
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy
from tf_agents.trajectories import StepType, trajectory

Observer = Callable[[trajectory.Trajectory], object]
FrameAt = Callable[[tf.Tensor | int], trajectory.Trajectory]

_ONCE = "an iteration must call collect once where its environment is outside of the graph"


class Collector(tf.Module, metaclass=abc.ABCMeta):
    """Collects what one iteration learns from, and shows every frame to observers on the way.

    As in TF-Agents' drivers, the frame after an episode's last is a boundary: the environment
    resets, nothing is earned. Whatever averages over frames must leave out the boundaries
    (`trajectory.is_boundary()`).
    """

    begins_with_reset = False  # whether every environment starts an episode with each collection

    def __init__(
        self,
        environment: tf_environment.TFEnvironment,
        policy: tf_policy.TFPolicy,
        max_frames: int,
        observers: Iterable[Observer] = (),
    ):
        """Creates a collector.

        Args:
          environment: a batch of `B`.
          policy: acts in it.
          max_frames: frames of one environment in a collection, at most.
          observers: are called with each frame, a `Trajectory` of tensors `[B, ...]`. What they
            note may reach the policy from the next collection on only: outside of the graph they
            are shown a collection's frames when it is complete.
        """
        super().__init__()
        self._environment = environment
        self._policy = policy
        self._max_frames = max_frames
        self._observers = list(observers)
        self._recorded: list[tuple[FrameAt, tf.Tensor | int]] | None = None  # to be replayed

    @property
    def policy(self) -> tf_policy.TFPolicy:
        """The policy that acts."""
        return self._policy

    @property
    def max_frames(self) -> int:
        """Frames of one environment in a collection, at most."""
        return self._max_frames

    @abc.abstractmethod
    def collect(self) -> trajectory.Trajectory:
        """Steps the environments until the collection is complete.

        Returns:
          the experience that an iteration learns from.
        """

    @abc.abstractmethod
    def is_complete(self, num_frames: tf.Tensor | int, all_ended: tf.Tensor | bool) -> Any:
        """Whether the collection is complete.

        Args:
          num_frames: number of frames so far.
          all_ended: whether an episode has ended in every environment.
        """

    @contextlib.contextmanager
    def replaying(self, frame_at: FrameAt, num_frames: tf.Tensor | int) -> Iterator[None]:
        """Has `collect` replay frames of an environment that has been stepped already, once.

        Args:
          frame_at: gives the frame of a number, tensors `[B, ...]`.
          num_frames: number of frames. The environment's current time step is the one after them.

        Raises:
          ValueError: `collect` is not called, or more than once.
        """
        self._recorded = recorded = [(frame_at, num_frames)]
        try:
            yield
        finally:
            self._recorded = None
        if recorded:
            raise ValueError(_ONCE)

    def _begin(self) -> tuple[FrameAt, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
        """Where the frames of a collection come from, and a function that says when to stop."""
        if self._recorded is not None:
            if not self._recorded:
                raise ValueError(_ONCE)
            frame_at, num_frames = self._recorded.pop()
            return frame_at, lambda t, ended: t >= num_frames
        if self.begins_with_reset:
            self._environment.reset()
        return self._step, lambda t, ended: self.is_complete(t, tf.reduce_all(ended))

    def _step(self, t: tf.Tensor | int) -> trajectory.Trajectory:
        """Steps the environments for the frame number `t`."""
        time_step = self._environment.current_time_step()
        action_step = self._policy.action(time_step)
        next_time_step = self._environment.step(action_step.action)
        return trajectory.from_transition(time_step, action_step, next_time_step)

    def _record(self, whole_episodes: bool = False) -> tuple[trajectory.Trajectory, tf.Tensor]:
        """Records the frames of a collection.

        Args:
          whole_episodes: whether frames after the end of an episode are padding.

        Returns:
          frames `[B, max_frames, ...]`, zeros behind the last, and the number recorded.
        """
        frame_at, is_complete = self._begin()
        size = self._environment.batch_size

        def add(t, ended, frames):
            frame = frame_at(t)
            frame = pad(frame, ended) if whole_episodes else frame
            for observe in self._observers:
                observe(frame)
            frames = tf.nest.map_structure(
                lambda table, x: tf.tensor_scatter_nd_update(table, t[None, None], x[None]),
                frames,
                frame,
            )
            return t + 1, ended | frame.is_last(), frames

        empty = tf.nest.map_structure(
            lambda spec: tf.zeros([self._max_frames, size, *spec.shape], spec.dtype),
            self._policy.trajectory_spec,
        )
        num_frames, _, frames = tf.while_loop(
            lambda t, ended, _: ~is_complete(t, ended),
            add,
            (tf.constant(0), tf.zeros([size], tf.bool), empty),
        )
        # Time is the second dimension of experience in TF-Agents.
        frames = tf.nest.map_structure(
            lambda x: tf.transpose(x, [1, 0, *range(2, x.shape.rank)]), frames
        )
        return frames, num_frames


class StepCollector(Collector):
    """Steps each environment once. The experience is that frame, tensors `[B, ...]`."""

    def __init__(
        self,
        environment: tf_environment.TFEnvironment,
        policy: tf_policy.TFPolicy,
        observers: Iterable[Observer] = (),
    ):
        """See `Collector`."""
        super().__init__(environment, policy, 1, observers)

    def collect(self):
        """See `Collector`."""
        frame_at, _ = self._begin()
        frame = frame_at(0)
        for observe in self._observers:
            observe(frame)
        return frame

    def is_complete(self, num_frames, all_ended):
        """At once."""
        return True


class RolloutCollector(Collector):
    """Collects `max_frames` frames of each environment, and one more to bootstrap from.

    The experience is a `Trajectory` of tensors `[B, max_frames + 1, ...]`. The extra frame holds
    the time step at which the next rollout begins and what the policy says of it. No step is taken
    for it, so its action and reward mean nothing. These are the `T + 1` frames that
    `PPOAgent.preprocess_sequence` asks for, without an environment step thrown away.
    """

    def collect(self):
        """See `Collector`."""
        frames, _ = self._record()
        time_step = self._environment.current_time_step()
        state = self._policy.get_initial_state(None)
        bootstrap = tf.nest.map_structure(lambda x: tf.zeros_like(x[:, 0]), frames).replace(
            step_type=time_step.step_type,
            observation=time_step.observation,
            policy_info=self._policy.distribution(time_step, state).info,
        )
        return tf.nest.map_structure(
            lambda x, end: tf.concat([x, end[:, None]], axis=1), frames, bootstrap
        )

    def is_complete(self, num_frames, all_ended):
        """After `max_frames`."""
        return num_frames >= self._max_frames


class EpisodeCollector(Collector):
    """Resets every environment and collects one whole episode of each.

    The experience is a `Trajectory` of tensors `[B, max_frames, ...]`. Frames after an episode's
    end are padding: boundaries with reward and discount 0, which count as no step. An episode of
    more than `max_frames` steps is cut off there.
    """

    begins_with_reset = True

    def collect(self):
        """See `Collector`."""
        frames, num_frames = self._record(whole_episodes=True)
        not_reached = tf.range(self._max_frames) >= num_frames
        return pad(frames, tf.broadcast_to(not_reached, frames.reward.shape))

    def is_complete(self, num_frames, all_ended):
        """When every episode has ended, or after `max_frames`."""
        return all_ended | (num_frames >= self._max_frames)


def pad(frames: trajectory.Trajectory, where: tf.Tensor) -> trajectory.Trajectory:
    """Turns the frames where `where`, of their shape, is true into boundaries that earn nothing."""
    return frames.replace(
        step_type=tf.where(where, StepType.LAST, frames.step_type),
        next_step_type=tf.where(where, StepType.FIRST, frames.next_step_type),
        reward=tf.where(where, 0.0, frames.reward),
        discount=tf.where(where, 0.0, frames.discount),
    )
