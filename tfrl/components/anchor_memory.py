"""A memory of whole episodes, with the action distribution of every step."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tf_agents.specs import tensor_spec
from tf_agents.trajectories import trajectory
from tf_agents.typing import types

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream, Stream

SELECTIONS = ("best", "random")


class Anchors(NamedTuple):
    """Steps of the stored episodes."""

    observation: types.NestedTensor  # `[N, ...]`
    action: types.NestedTensor  # `[N, ...]`
    dist_params: types.NestedTensor  # `[N, ...]`, parameters of the action's distribution
    weight: tf.Tensor  # `[N]`, sums to 1; all 0 while no episode is stored


class AnchorMemory(tf.Module):
    """An observer that stores `num_episodes` of the episodes so far: the best, or random ones.

    The best episodes have the highest returns. Random episodes are a uniform sample without
    replacement: each episode gets a random number when it ends, and the highest numbers stay
    (Efraimidis and Spirakis, 2006, "Weighted random sampling with a reservoir", equal weights).

    Pass `observe` to a driver, or call it with each frame of a batch in the order of collection.

    The tables are divided into slots of `max_episode_length` rows: one slot for each stored episode
    and one for the current episode of each environment. When an episode is stored, it swaps slots
    with the episode that it replaces. No step is copied.
    """

    def __init__(
        self,
        data_spec: trajectory.Trajectory,
        num_episodes: int,
        batch_size: int,
        max_episode_length: int,
        selection: str = "best",
        newer_wins_ties: bool = True,
        random: RandomStream | None = None,
        name: str = "AnchorMemory",
    ):
        """Creates an empty memory.

        Args:
          data_spec: spec of one environment's frames, an agent's `collect_data_spec`. The policy
            info must contain `dist_params`.
          num_episodes: number of stored episodes, `K`.
          batch_size: number of observed environments, `B`.
          max_episode_length: stored steps of an episode, `L`. Later steps are dropped.
          selection: the episodes to store, "best" or "random".
          newer_wins_ties: whether an episode replaces an older one of equal return. If many
            episodes reach the maximum return, the memory then follows the policy.
          random: the random stream; None for `Stream.ANCHORS` with seed 0.
          name: name of the module.

        Raises:
          ValueError: `num_episodes` is below 1, or the selection is unknown.
        """
        super().__init__(name=name)
        if num_episodes < 1:
            raise ValueError(f"num_episodes must be >= 1, got {num_episodes}")
        if selection not in SELECTIONS:
            raise ValueError(f"selection must be one of {', '.join(SELECTIONS)}, got {selection!r}")
        self._batch_size = batch_size
        self._max_episode_length = max_episode_length
        self._selection = selection
        self._random = random or RandomStream(Stream.ANCHORS)
        # Among the episodes of the lowest score, the first in this order is replaced.
        self._order = 1 if newer_wins_ties else -1
        self._enters = tf.greater_equal if newer_wins_ties else tf.greater
        # Frames that are not stored go to the row after the last slot.
        self._num_rows = (num_episodes + batch_size) * max_episode_length
        self._tables = tf.nest.map_structure(
            lambda spec: _variable(tf.repeat(_possible(spec)[None], self._num_rows + 1, axis=0)),
            _recorded(data_spec),
        )
        # The current episode of each environment.
        self._slot = _variable(tf.range(batch_size))
        self._length = _variable(tf.zeros([batch_size], tf.int32))
        self._return = _variable(tf.zeros([batch_size]))
        # The stored episodes.
        self._kept_slot = _variable(batch_size + tf.range(num_episodes))
        self._kept_length = _variable(tf.zeros([num_episodes], tf.int32))
        self._kept_score = _variable(tf.fill([num_episodes], -float("inf")))
        self._kept_order = _variable(tf.range(-num_episodes, 0))
        self._num_ended = _variable(tf.constant(0))

    @property
    def scores(self) -> tf.Tensor:
        """The scores that select the stored episodes, `[K]`: their returns or random numbers.

        They are unordered. An empty slot has -inf.
        """
        return self._kept_score.read_value()

    def observe(self, frame: trajectory.Trajectory) -> None:
        """Records one frame, tensors `[B, ...]`."""
        stepped = ~frame.is_boundary()
        length = self._length.read_value()
        stored = stepped & (length < self._max_episode_length)
        row = tf.where(stored, self._slot * self._max_episode_length + length, self._num_rows)
        tf.nest.map_structure(
            lambda table, x: table.scatter_update(tf.IndexedSlices(x, row)),
            self._tables,
            _recorded(frame),
        )
        length += tf.cast(stepped, tf.int32)
        returns = self._return + tf.where(stepped, frame.reward, 0.0)
        score = returns
        if self._selection == "random":
            score = randomness.uniform(self._random.next(), (self._batch_size,))
        ended = frame.is_last()
        self._keep_highest(ended, tf.minimum(length, self._max_episode_length), score)
        self._length.assign(tf.where(ended, 0, length))
        self._return.assign(tf.where(ended, 0.0, returns))

    def _keep_highest(self, ended: tf.Tensor, length: tf.Tensor, score: tf.Tensor) -> None:
        """Replaces lower scores by the episodes that `ended` `[B]`, one environment at a time."""
        variables = (
            self._slot,
            self._kept_slot,
            self._kept_length,
            self._kept_score,
            self._kept_order,
            self._num_ended,
        )

        def consider(b, slot, kept_slot, kept_length, kept_score, kept_order, num_ended):
            lowest = tf.equal(kept_score, tf.reduce_min(kept_score))
            replaced = tf.argmin(tf.where(lowest, kept_order, tf.int32.max), output_type=tf.int32)
            replaces = ended[b] & self._enters(score[b], kept_score[replaced])
            here = tf.equal(tf.range(kept_slot.shape[0]), replaced) & replaces
            there = tf.equal(tf.range(self._batch_size), b) & replaces
            return (
                b + 1,
                tf.where(there, kept_slot[replaced], slot),
                tf.where(here, slot[b], kept_slot),
                tf.where(here, length[b], kept_length),
                tf.where(here, score[b], kept_score),
                tf.where(here, self._order * num_ended, kept_order),
                num_ended + tf.cast(ended[b], tf.int32),
            )

        first = tf.where(tf.reduce_any(ended), 0, self._batch_size)
        _, *updated = tf.while_loop(
            lambda b, *_: b < self._batch_size,
            consider,
            [first, *(variable.read_value() for variable in variables)],
        )
        for variable, value in zip(variables, updated, strict=True):
            variable.assign(value)

    def sample(self, num_steps: int) -> Anchors:
        """Samples `num_steps` of all stored steps uniformly, with replacement."""
        ends = tf.cumsum(self._kept_length.read_value())
        total = ends[-1]
        step = tf.cast(randomness.integers(self._random.next(), (num_steps,), total), tf.int32)
        episode = tf.reduce_sum(tf.cast(step[:, None] >= ends, tf.int32), axis=1)
        episode = tf.minimum(episode, ends.shape[0] - 1)
        position = step - tf.gather(ends - self._kept_length, episode)
        weight = tf.where(total > 0, 1.0 / num_steps, 0.0)
        return self._gather(episode, position, tf.fill([num_steps], weight))

    def all(self) -> Anchors:
        """Returns all stored steps, padded to `K * L` rows. The padding has weight 0."""
        length = self._kept_length.read_value()
        episode, position = tf.meshgrid(
            tf.range(length.shape[0]), tf.range(self._max_episode_length), indexing="ij"
        )
        exists = tf.cast(position < length[:, None], tf.float32)
        weight = exists / tf.maximum(tf.reduce_sum(exists), 1.0)
        return self._gather(*(tf.reshape(x, [-1]) for x in (episode, position, weight)))

    def _gather(self, episode: tf.Tensor, position: tf.Tensor, weight: tf.Tensor) -> Anchors:
        row = tf.gather(self._kept_slot, episode) * self._max_episode_length + position
        observation, action, dist_params = tf.nest.map_structure(
            lambda table: tf.gather(table, row), self._tables
        )
        return Anchors(observation, action, dist_params, weight)


def _recorded(
    frame: trajectory.Trajectory,
) -> tuple[types.NestedTensor, types.NestedTensor, types.NestedTensor]:
    """Returns the recorded fields of a frame or its spec: those of `Anchors` without the weight."""
    return frame.observation, frame.action, frame.policy_info["dist_params"]


def _possible(spec: tf.TensorSpec) -> tf.Tensor:
    """Returns the initial value of a row. It is valid, so computations from it are never NaN."""
    values = np.ones(spec.shape)  # 1 is a valid scale too
    if isinstance(spec, tensor_spec.BoundedTensorSpec):
        values = np.clip(values, spec.minimum, spec.maximum)
    return tf.constant(values, spec.dtype)


def _variable(initial: tf.Tensor) -> tf.Variable:
    return tf.Variable(initial, trainable=False)
