"""How experience is collected: a step, a rollout, or whole episodes.

An environment in the graph is stepped by `Collector.collect`. One outside of it is stepped there,
and the same collector is shown the frames afterwards (`replay`), so that what is observed and
learned from is the same either way.
"""

import abc
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy
from tf_agents.trajectories import StepType, trajectory

Observer = Callable[[trajectory.Trajectory], object]
FrameAt = Callable[[tf.Tensor | int], trajectory.Trajectory]


class Collector(tf.Module, metaclass=abc.ABCMeta):
    """Collects what one iteration learns from, and shows every frame to observers on the way.

    As in TF-Agents' drivers, the frame after an episode's last is a boundary: the environment
    resets, nothing is earned.
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
          policy: what acts in it.
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

    @property
    def policy(self) -> tf_policy.TFPolicy:
        """What acts."""
        return self._policy

    @property
    def max_frames(self) -> int:
        """Frames of one environment in a collection, at most."""
        return self._max_frames

    @abc.abstractmethod
    def collect(self) -> trajectory.Trajectory:
        """Steps the environment, which is in the graph, until all is collected. Returns that."""

    @abc.abstractmethod
    def replay(self, frame_at: FrameAt, num_frames: tf.Tensor | int) -> trajectory.Trajectory:
        """Collects what has been stepped through already. Returns it as `collect` does.

        Args:
          frame_at: the frame of that number, tensors `[B, ...]`.
          num_frames: how many there are. The environment's current time step is the last one's.
        """

    @abc.abstractmethod
    def is_complete(self, num_frames: tf.Tensor | int, all_ended: tf.Tensor | bool) -> Any:
        """Whether all is collected.

        Args:
          num_frames: how many frames there are.
          all_ended: whether there is the end of an episode among them in every environment.
        """

    def _step(self) -> trajectory.Trajectory:
        time_step = self._environment.current_time_step()
        action_step = self._policy.action(time_step)
        next_time_step = self._environment.step(action_step.action)
        return trajectory.from_transition(time_step, action_step, next_time_step)

    def _show(self, frame: trajectory.Trajectory) -> None:
        for observe in self._observers:
            observe(frame)


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
        return self.replay(lambda _: self._step(), 1)

    def replay(self, frame_at, num_frames):
        """See `Collector`."""
        frame = frame_at(0)
        self._show(frame)
        return frame

    def is_complete(self, num_frames, all_ended):
        """At once."""
        return True


class Recording(NamedTuple):
    """Frames of `B` environments in the order in which they came."""

    num_frames: tf.Tensor  # int32 scalar, how many there are
    over: tf.Tensor  # bool `[B]`, whether there is the end of an episode among them
    frames: trajectory.Trajectory  # tensors `[T, B, ...]`, with room for `T`


class RecordingCollector(Collector):
    """Records frames."""

    def collect(self):
        """See `Collector`."""
        if self.begins_with_reset:
            self._environment.reset()
        return self._record(
            lambda _: self._step(),
            lambda num_frames, over: self.is_complete(num_frames, tf.reduce_all(over)),
        )

    def replay(self, frame_at, num_frames):
        """See `Collector`."""
        return self._record(frame_at, lambda recorded, _: recorded >= num_frames)

    def _record(
        self, frame_at: FrameAt, is_complete: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    ) -> trajectory.Trajectory:
        recording = tf.while_loop(
            lambda num_frames, over, _: ~is_complete(num_frames, over),
            lambda num_frames, over, frames: self._add(
                Recording(num_frames, over, frames), frame_at(num_frames)
            ),
            self._empty(),
        )
        return self._experience(Recording(*recording))

    def _empty(self) -> Recording:
        size = self._environment.batch_size
        frames = tf.nest.map_structure(
            lambda spec: tf.zeros([self._max_frames, size, *spec.shape], spec.dtype),
            self._policy.trajectory_spec,
        )
        return Recording(tf.constant(0), tf.zeros([size], tf.bool), frames)

    def _add(self, recording: Recording, frame: trajectory.Trajectory) -> Recording:
        """Records the frame."""
        self._show(frame)
        place = recording.num_frames[None, None]
        frames = tf.nest.map_structure(
            lambda table, x: tf.tensor_scatter_nd_update(table, place, x[None]),
            recording.frames,
            frame,
        )
        return Recording(recording.num_frames + 1, recording.over | frame.is_last(), frames)

    @abc.abstractmethod
    def _experience(self, recording: Recording) -> trajectory.Trajectory:
        """What is learned from."""


class RolloutCollector(RecordingCollector):
    """Collects `max_frames` frames of each environment, and one more to bootstrap from.

    The experience is a `Trajectory` of tensors `[B, max_frames + 1, ...]`. The extra frame holds
    the time step at which the next rollout begins and what the policy says of it. No step is taken
    for it, so its action and reward mean nothing. These are the `T + 1` frames that
    `PPOAgent.preprocess_sequence` asks for, without an environment step thrown away.
    """

    def is_complete(self, num_frames, all_ended):
        """After `max_frames`."""
        return num_frames >= self._max_frames

    def _experience(self, recording):
        """The rollout, and what is current."""
        frames = tf.nest.map_structure(_batch_major, recording.frames)
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


class EpisodeCollector(RecordingCollector):
    """Resets every environment and collects one whole episode of each.

    The experience is a `Trajectory` of tensors `[B, max_frames, ...]`. Frames after an episode's
    end are padding: boundaries with reward and discount 0, which count as no step. An episode of
    more than `max_frames` steps is cut off there.
    """

    begins_with_reset = True

    def is_complete(self, num_frames, all_ended):
        """When every episode has ended, or after `max_frames`."""
        return all_ended | (num_frames >= self._max_frames)

    def _add(self, recording, frame):
        """Records the frame, as padding where the episode is over."""
        return super()._add(recording, pad(frame, recording.over))

    def _experience(self, recording):
        """The episodes."""
        frames = tf.nest.map_structure(_batch_major, recording.frames)
        not_reached = tf.range(self._max_frames) >= recording.num_frames
        return pad(frames, tf.broadcast_to(not_reached, frames.reward.shape))


def pad(frames: trajectory.Trajectory, where: tf.Tensor) -> trajectory.Trajectory:
    """Makes boundaries that earn nothing of the frames where `where`, of their shape, is true."""
    return frames.replace(
        step_type=tf.where(where, StepType.LAST, frames.step_type),
        next_step_type=tf.where(where, StepType.FIRST, frames.next_step_type),
        reward=tf.where(where, 0.0, frames.reward),
        discount=tf.where(where, 0.0, frames.discount),
    )


def _batch_major(x: tf.Tensor) -> tf.Tensor:
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])
