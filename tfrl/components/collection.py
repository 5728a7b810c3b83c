"""Collectors of experience: single steps, rollouts or whole episodes.

`Collector.collect` steps an environment inside the graph. An environment outside the graph is
stepped beforehand, and `collect` replays its frames (`Collector.replaying`). Observers and agents
see the same frames in both cases.
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

_ONCE = "an iteration must call collect exactly once if its environment is outside the graph"


class Collector(tf.Module, metaclass=abc.ABCMeta):
    """Collects the experience of one iteration, and passes every frame to observers.

    As in TF-Agents' drivers, the frame after the last step of an episode is a boundary: the
    environment resets, and the reward is 0. Averages over frames must exclude boundaries
    (`trajectory.is_boundary()`).
    """

    begins_with_reset = False  # whether a collection resets all environments first

    def __init__(
        self,
        environment: tf_environment.TFEnvironment,
        policy: tf_policy.TFPolicy,
        max_frames: int,
        observers: Iterable[Observer] = (),
    ):
        """Creates a collector.

        Args:
          environment: a batch of `B` environments.
          policy: the policy that acts.
          max_frames: maximum frames of one environment in a collection.
          observers: functions called with each frame, a `Trajectory` of tensors `[B, ...]`. They
            may influence the policy only from the next collection on: outside the graph, they get
            the frames when the collection is complete.
        """
        super().__init__()
        self._environment = environment
        self._policy = policy
        self._max_frames = max_frames
        self._observers = list(observers)
        self._recorded: list[tuple[FrameAt, tf.Tensor | int]] | None = None  # frames to replay

    @property
    def policy(self) -> tf_policy.TFPolicy:
        """The policy that acts."""
        return self._policy

    @property
    def max_frames(self) -> int:
        """Maximum frames of one environment in a collection."""
        return self._max_frames

    @abc.abstractmethod
    def collect(self) -> trajectory.Trajectory:
        """Steps the environments until the collection is complete.

        Returns:
          The experience of one iteration.
        """

    @abc.abstractmethod
    def is_complete(self, num_frames: tf.Tensor | int, all_ended: tf.Tensor | bool) -> Any:
        """Returns True if the collection is complete, as a bool or a tensor.

        Args:
          num_frames: number of frames so far.
          all_ended: whether an episode has ended in every environment.
        """

    @contextlib.contextmanager
    def replaying(self, frame_at: FrameAt, num_frames: tf.Tensor | int) -> Iterator[None]:
        """Makes the next `collect` replay recorded frames instead of stepping the environment.

        Args:
          frame_at: returns the frame at an index, tensors `[B, ...]`.
          num_frames: number of frames. The environment's current time step must follow the last.

        Raises:
          ValueError: `collect` is not called exactly once.
        """
        self._recorded = recorded = [(frame_at, num_frames)]
        try:
            yield
        finally:
            self._recorded = None
        if recorded:
            raise ValueError(_ONCE)

    def _begin(self) -> tuple[FrameAt, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]]:
        """Returns a function that gives frame `t`, and one that tells when the collection ends."""
        if self._recorded is not None:
            if not self._recorded:
                raise ValueError(_ONCE)
            frame_at, num_frames = self._recorded.pop()
            return frame_at, lambda t, ended: t >= num_frames
        if self.begins_with_reset:
            self._environment.reset()
        return self._step, lambda t, ended: self.is_complete(t, tf.reduce_all(ended))

    def _step(self, t: tf.Tensor | int) -> trajectory.Trajectory:
        """Steps the environments and returns the frame. `t` is not used."""
        time_step = self._environment.current_time_step()
        action_step = self._policy.action(time_step)
        next_time_step = self._environment.step(action_step.action)
        return trajectory.from_transition(time_step, action_step, next_time_step)

    def _record(self, whole_episodes: bool = False) -> tuple[trajectory.Trajectory, tf.Tensor]:
        """Records the frames of a collection.

        Args:
          whole_episodes: whether to pad the frames after the end of an episode.

        Returns:
          The frames `[B, max_frames, ...]`, zeros after the last one, and their number.
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
    """Steps each environment once. The experience is one frame, tensors `[B, ...]`."""

    def __init__(
        self,
        environment: tf_environment.TFEnvironment,
        policy: tf_policy.TFPolicy,
        observers: Iterable[Observer] = (),
    ):
        """Creates a collector, see `Collector`."""
        super().__init__(environment, policy, 1, observers)

    def collect(self):
        """Steps each environment once and returns the frame."""
        frame_at, _ = self._begin()
        frame = frame_at(0)
        for observe in self._observers:
            observe(frame)
        return frame

    def is_complete(self, num_frames, all_ended):
        """Returns True."""
        return True


class RolloutCollector(Collector):
    """Collects `max_frames` frames of each environment, and one more frame to bootstrap from.

    The experience is a `Trajectory` of tensors `[B, max_frames + 1, ...]`. The extra frame holds
    the time step at which the next rollout begins and the policy info for it. It needs no
    environment step, and its action and reward are meaningless. `PPOAgent.preprocess_sequence`
    requires these `T + 1` frames.
    """

    def collect(self):
        """Returns the rollouts of all environments."""
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
        """Returns True after `max_frames` frames."""
        return num_frames >= self._max_frames


class EpisodeCollector(Collector):
    """Resets every environment and collects one whole episode of each.

    The experience is a `Trajectory` of tensors `[B, max_frames, ...]`. Frames after the end of an
    episode are padding: boundaries with reward and discount 0, which do not count as steps.
    Longer episodes are cut off after `max_frames` steps.
    """

    begins_with_reset = True

    def collect(self):
        """Returns one episode of each environment."""
        frames, num_frames = self._record(whole_episodes=True)
        not_reached = tf.range(self._max_frames) >= num_frames
        return pad(frames, tf.broadcast_to(not_reached, frames.reward.shape))

    def is_complete(self, num_frames, all_ended):
        """Returns True when every episode has ended, or after `max_frames` frames."""
        return all_ended | (num_frames >= self._max_frames)


def pad(frames: trajectory.Trajectory, where: tf.Tensor) -> trajectory.Trajectory:
    """Replaces frames by boundaries with reward and discount 0 where the mask `where` is true."""
    return frames.replace(
        step_type=tf.where(where, StepType.LAST, frames.step_type),
        next_step_type=tf.where(where, StepType.FIRST, frames.next_step_type),
        reward=tf.where(where, 0.0, frames.reward),
        discount=tf.where(where, 0.0, frames.discount),
    )
