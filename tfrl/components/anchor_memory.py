"""Past episodes, step by step, with the distribution each action was drawn from."""

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
    """Steps out of the episodes kept."""

    observation: types.NestedTensor  # `[N, ...]`
    action: types.NestedTensor  # `[N, ...]`
    dist_params: types.NestedTensor  # `[N, ...]`, of the distribution the action was drawn from
    weight: tf.Tensor  # `[N]`, sums to 1; all 0 while no episode has been recorded


class AnchorMemory(tf.Module):
    """An observer that keeps `num_episodes` of the episodes so far: the best, or random ones.

    The best are those of highest return. Random ones are a uniform sample without replacement: each
    episode gets a random number when it ends, and those of the highest numbers are kept (Efraimidis
    and Spirakis, 2006, "Weighted random sampling with a reservoir", with equal weights).

    Pass `observe` to a driver, or `observe` each frame of a batch in the order of collection.

    Steps lie in slots of `max_episode_length` rows, one slot for each episode kept and one for each
    environment's episode in progress. An episode that is to be kept changes slots with the one that
    it displaces, so that no episode is ever copied.
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
          data_spec: of the frames of one environment, an agent's `collect_data_spec`, with the
            `dist_params` in its policy info.
          num_episodes: episodes kept, `K`.
          batch_size: environments observed, `B`.
          max_episode_length: steps kept of an episode, its first ones, `L`.
          selection: which episodes are kept, "best" or "random".
          newer_wins_ties: whether an episode displaces an older one of equal return. Where many
            reach the maximum, the memory then follows the policy.
          random: what is drawn from; one of its own with seed 0 unless given.
          name: of the module.

        Raises:
          ValueError: for less than one episode, or an unknown selection.
        """
        super().__init__(name=name)
        if num_episodes < 1:
            raise ValueError(f"num_episodes is at least 1, not {num_episodes}")
        if selection not in SELECTIONS:
            raise ValueError(f"selection is one of {', '.join(SELECTIONS)}, not {selection!r}")
        self._batch_size = batch_size
        self._max_episode_length = max_episode_length
        self._selection = selection
        self._random = random or RandomStream(Stream.ANCHORS)
        # Of the episodes of the lowest score the first in order goes.
        self._order = 1 if newer_wins_ties else -1
        self._enters = tf.greater_equal if newer_wins_ties else tf.greater
        # The row behind the last slot takes what is not to be kept.
        self._num_rows = (num_episodes + batch_size) * max_episode_length
        self._tables = tf.nest.map_structure(
            lambda spec: _variable(tf.repeat(_possible(spec)[None], self._num_rows + 1, axis=0)),
            _recorded(data_spec),
        )
        # Of the episode in progress in each environment.
        self._slot = _variable(tf.range(batch_size))
        self._length = _variable(tf.zeros([batch_size], tf.int32))
        self._return = _variable(tf.zeros([batch_size]))
        # Of the episodes kept.
        self._kept_slot = _variable(batch_size + tf.range(num_episodes))
        self._kept_length = _variable(tf.zeros([num_episodes], tf.int32))
        self._kept_score = _variable(tf.fill([num_episodes], -float("inf")))
        self._kept_order = _variable(tf.range(-num_episodes, 0))
        self._num_ended = _variable(tf.constant(0))

    @property
    def scores(self) -> tf.Tensor:
        """By what the episodes kept were chosen, `[K]`: their returns, or their random numbers.

        They are in no order; there is -inf where there is no episode yet.
        """
        return self._kept_score.read_value()

    def observe(self, frame: trajectory.Trajectory) -> None:
        """Takes in one frame, tensors `[B, ...]`."""
        stepped = ~frame.is_boundary()
        length = self._length.read_value()
        kept = stepped & (length < self._max_episode_length)
        row = tf.where(kept, self._slot * self._max_episode_length + length, self._num_rows)
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
        """Lets the episodes that `ended` `[B]` displace lower ones, environment by environment."""
        kept = (
            self._slot,
            self._kept_slot,
            self._kept_length,
            self._kept_score,
            self._kept_order,
            self._num_ended,
        )

        def consider(b, slot, kept_slot, kept_length, kept_score, kept_order, num_ended):
            lowest = tf.equal(kept_score, tf.reduce_min(kept_score))
            leaves = tf.argmin(tf.where(lowest, kept_order, tf.int32.max), output_type=tf.int32)
            enters = ended[b] & self._enters(score[b], kept_score[leaves])
            here = tf.equal(tf.range(kept_slot.shape[0]), leaves) & enters
            there = tf.equal(tf.range(self._batch_size), b) & enters
            return (
                b + 1,
                tf.where(there, kept_slot[leaves], slot),
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
            [first, *(variable.read_value() for variable in kept)],
        )
        for variable, value in zip(kept, updated, strict=True):
            variable.assign(value)

    def sample(self, num_steps: int) -> Anchors:
        """`num_steps` steps drawn uniformly, with replacement, from all that is kept."""
        ends = tf.cumsum(self._kept_length.read_value())
        total = ends[-1]
        step = tf.cast(randomness.integers(self._random.next(), (num_steps,), total), tf.int32)
        episode = tf.reduce_sum(tf.cast(step[:, None] >= ends, tf.int32), axis=1)
        episode = tf.minimum(episode, ends.shape[0] - 1)
        position = step - tf.gather(ends - self._kept_length, episode)
        weight = tf.where(total > 0, 1.0 / num_steps, 0.0)
        return self._gather(episode, position, tf.fill([num_steps], weight))

    def all(self) -> Anchors:
        """Every step that is kept, padded to `K * L` rows of which the padding weighs nothing."""
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
    """What is recorded of a frame, or its specs: the fields of `Anchors` but for the weight."""
    return frame.observation, frame.action, frame.policy_info["dist_params"]


def _possible(spec: tf.TensorSpec) -> tf.Tensor:
    """What stands in a row not written yet, so that nothing computed from it is NaN."""
    values = np.ones(spec.shape)  # 1 is a possible scale too
    if isinstance(spec, tensor_spec.BoundedTensorSpec):
        values = np.clip(values, spec.minimum, spec.maximum)
    return tf.constant(values, spec.dtype)


def _variable(initial: tf.Tensor) -> tf.Variable:
    return tf.Variable(initial, trainable=False)
