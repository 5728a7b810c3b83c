"""How experience is collected: a step, a rollout, or whole episodes.

An environment in the graph is stepped by `Collector.collect`. One outside of it is stepped there,
and the same collector is shown its frames one by one (`start`, `add`, `experience`), so that what
is observed and learned from is the same either way.
"""

import abc
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import tensorflow as tf
from tf_agents.environments import tf_environment
from tf_agents.policies import tf_policy
from tf_agents.trajectories import StepType, trajectory

Observer = Callable[[trajectory.Trajectory], object]


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
        observers: Iterable[Observer] = (),
    ):
        """Creates a collector.

        Args:
          environment: a batch of `B`.
          policy: what acts in it.
          observers: are called with each frame, a `Trajectory` of tensors `[B, ...]`.
        """
        super().__init__()
        self._environment = environment
        self._policy = policy
        self._observers = list(observers)

    @property
    def policy(self) -> tf_policy.TFPolicy:
        """What acts."""
        return self._policy

    @abc.abstractmethod
    def collect(self) -> trajectory.Trajectory:
        """Steps the environment, which is in the graph, until all is collected. Returns that."""

    @abc.abstractmethod
    def start(self) -> Any:
        """What is kept of a collection that has no frames yet: a nest of tensors."""

    @abc.abstractmethod
    def add(self, kept: Any, frame: trajectory.Trajectory) -> Any:
        """Takes in one frame, tensors `[B, ...]`, and returns what is then kept."""

    @abc.abstractmethod
    def is_complete(self, num_frames: tf.Tensor | int, all_ended: tf.Tensor | bool) -> Any:
        """Whether all is collected.

        Args:
          num_frames: how many frames there are.
          all_ended: whether there is the end of an episode among them in every environment.
        """

    @abc.abstractmethod
    def experience(self, kept: Any, frame: trajectory.Trajectory) -> trajectory.Trajectory:
        """What was collected. `frame` is the last one, and has been added."""

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

    def collect(self):
        """See `Collector`."""
        frame = self._step()
        self.add((), frame)
        return frame

    def start(self):
        """Nothing is kept."""
        return ()

    def add(self, kept, frame):
        """Shows the frame."""
        self._show(frame)
        return ()

    def is_complete(self, num_frames, all_ended):
        """At once."""
        return True

    def experience(self, kept, frame):
        """The frame."""
        return frame


class Recording(NamedTuple):
    """Frames of `B` environments in the order in which they came."""

    num_frames: tf.Tensor  # int32 scalar, how many there are
    over: tf.Tensor  # bool `[B]`, whether there is the end of an episode among them
    frames: trajectory.Trajectory  # tensors `[T, B, ...]`, with room for `T`


class RecordingCollector(Collector):
    """Records frames, `max_frames` at most."""

    def __init__(
        self,
        environment: tf_environment.TFEnvironment,
        policy: tf_policy.TFPolicy,
        max_frames: int,
        observers: Iterable[Observer] = (),
    ):
        """See `Collector`; `max_frames` are those of one environment."""
        super().__init__(environment, policy, observers)
        self._max_frames = max_frames

    def collect(self):
        """See `Collector`."""
        if self.begins_with_reset:
            self._environment.reset()
        recording = tf.while_loop(
            lambda num_frames, over, _: ~self.is_complete(num_frames, tf.reduce_all(over)),
            lambda *recording: self.add(Recording(*recording), self._step()),
            self.start(),
        )
        return self.experience(Recording(*recording), None)

    def start(self):
        """An empty `Recording`."""
        size = self._environment.batch_size
        frames = tf.nest.map_structure(
            lambda spec: tf.zeros([self._max_frames, size, *spec.shape], spec.dtype),
            self._policy.trajectory_spec,
        )
        return Recording(tf.constant(0), tf.zeros([size], tf.bool), frames)

    def add(self, kept, frame):
        """Records the frame."""
        self._show(frame)
        place = kept.num_frames[None, None]
        frames = tf.nest.map_structure(
            lambda table, x: tf.tensor_scatter_nd_update(table, place, x[None]), kept.frames, frame
        )
        return Recording(kept.num_frames + 1, kept.over | frame.is_last(), frames)


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

    def experience(self, kept, frame):
        """The rollout, and what is current."""
        frames = tf.nest.map_structure(_batch_major, kept.frames)
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

    def add(self, kept, frame):
        """Records the frame, as padding where the episode is over."""
        return super().add(kept, pad(frame, kept.over))

    def is_complete(self, num_frames, all_ended):
        """When every episode has ended, or after `max_frames`."""
        return all_ended | (num_frames >= self._max_frames)

    def experience(self, kept, frame):
        """The episodes."""
        frames = tf.nest.map_structure(_batch_major, kept.frames)
        not_reached = tf.range(self._max_frames) >= kept.num_frames
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
