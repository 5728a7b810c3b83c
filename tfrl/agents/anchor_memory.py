"""The best episodes so far, step by step, with the distribution each action was drawn from."""

from typing import NamedTuple

import tensorflow as tf
from tf_agents.trajectories import trajectory
from tf_agents.typing import types

from tfrl import randomness
from tfrl.randomness import RandomStream


class Anchors(NamedTuple):
    """Steps out of the best episodes."""

    observation: types.NestedTensor  # `[N, ...]`
    dist_params: types.NestedTensor  # `[N, ...]`, of the distribution that was recorded
    weight: tf.Tensor  # `[N]`, sums to 1; all 0 while no episode has been recorded


class AnchorMemory(tf.Module):
    """An observer that keeps the `num_episodes` episodes of highest return.

    Pass `observe` to a driver, or `observe` each frame of a batch in the order of collection.

    Steps lie in slots of `max_episode_length` rows, one slot for each episode kept and one for each
    environment's episode in progress. An episode that makes it among the best changes slots with
    the one that it displaces, so that no episode is ever copied.
    """

    def __init__(
        self,
        observation_spec: types.NestedTensorSpec,
        dist_params_spec: types.NestedTensorSpec,
        num_episodes: int,
        batch_size: int,
        max_episode_length: int,
        newer_wins_ties: bool = True,
        name: str = "AnchorMemory",
    ):
        """Creates an empty memory.

        Args:
          observation_spec: of one environment.
          dist_params_spec: of one action's distribution, as in `collect_policy.info_spec`.
          num_episodes: episodes kept, `K`.
          batch_size: environments observed, `B`.
          max_episode_length: steps kept of an episode, its first ones, `L`.
          newer_wins_ties: whether an episode displaces an older one of equal return. Where many
            reach the maximum, the memory then follows the policy.
          name: of the module.
        """
        super().__init__(name=name)
        if num_episodes < 1:
            raise ValueError(f"num_episodes is at least 1, not {num_episodes}")
        self._batch_size = batch_size
        self._max_episode_length = max_episode_length
        # Of the episodes with the lowest return the first in order goes.
        self._order = 1 if newer_wins_ties else -1
        self._enters = tf.greater_equal if newer_wins_ties else tf.greater
        # The row behind the last slot takes what is not to be kept.
        self._num_rows = (num_episodes + batch_size) * max_episode_length
        # Ones are valid parameters, of scales too: rows not written yet must not give NaN.
        self._tables = tf.nest.map_structure(
            lambda spec: _variable(tf.ones([self._num_rows + 1, *spec.shape], spec.dtype)),
            (observation_spec, dist_params_spec),
        )
        # Of the episode in progress in each environment.
        self._slot = _variable(tf.range(batch_size))
        self._length = _variable(tf.zeros([batch_size], tf.int32))
        self._return = _variable(tf.zeros([batch_size]))
        # Of the episodes kept.
        self._best_slot = _variable(batch_size + tf.range(num_episodes))
        self._best_length = _variable(tf.zeros([num_episodes], tf.int32))
        self._best_return = _variable(tf.fill([num_episodes], -float("inf")))
        self._best_order = _variable(tf.range(-num_episodes, 0))
        self._num_ended = _variable(tf.constant(0))

    @property
    def returns(self) -> tf.Tensor:
        """Returns `[K]` of the episodes kept, in no order; -inf where there is none yet."""
        return self._best_return.read_value()

    def observe(self, frame: trajectory.Trajectory) -> None:
        """Takes in one frame, tensors `[B, ...]`, with the `dist_params` in its policy info."""
        stepped = ~frame.is_boundary()
        length = self._length.read_value()
        kept = stepped & (length < self._max_episode_length)
        row = tf.where(kept, self._slot * self._max_episode_length + length, self._num_rows)
        values = (frame.observation, frame.policy_info["dist_params"])
        tf.nest.map_structure(
            lambda table, x: table.scatter_update(tf.IndexedSlices(x, row)), self._tables, values
        )
        length += tf.cast(stepped, tf.int32)
        returns = self._return + tf.where(stepped, frame.reward, 0.0)
        ended = frame.is_last()
        self._keep_best(ended, tf.minimum(length, self._max_episode_length), returns)
        self._length.assign(tf.where(ended, 0, length))
        self._return.assign(tf.where(ended, 0.0, returns))

    def _keep_best(self, ended: tf.Tensor, length: tf.Tensor, returns: tf.Tensor) -> None:
        """Lets the episodes that `ended` `[B]` displace worse ones, environment by environment."""
        kept = (
            self._slot,
            self._best_slot,
            self._best_length,
            self._best_return,
            self._best_order,
            self._num_ended,
        )

        def consider(b, slot, best_slot, best_length, best_return, best_order, num_ended):
            lowest = tf.equal(best_return, tf.reduce_min(best_return))
            worst = tf.argmin(tf.where(lowest, best_order, tf.int32.max), output_type=tf.int32)
            enters = ended[b] & self._enters(returns[b], best_return[worst])
            here = tf.equal(tf.range(best_slot.shape[0]), worst) & enters
            there = tf.equal(tf.range(self._batch_size), b) & enters
            return (
                b + 1,
                tf.where(there, best_slot[worst], slot),
                tf.where(here, slot[b], best_slot),
                tf.where(here, length[b], best_length),
                tf.where(here, returns[b], best_return),
                tf.where(here, self._order * num_ended, best_order),
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

    def sample(self, num_steps: int, random: RandomStream) -> Anchors:
        """`num_steps` steps drawn uniformly, with replacement, from all that is kept."""
        ends = tf.cumsum(self._best_length.read_value())
        total = ends[-1]
        step = tf.cast(randomness.integers(random.next(), (num_steps,), total), tf.int32)
        episode = tf.reduce_sum(tf.cast(step[:, None] >= ends, tf.int32), axis=1)
        episode = tf.minimum(episode, ends.shape[0] - 1)
        position = step - tf.gather(ends - self._best_length, episode)
        weight = tf.where(total > 0, 1.0 / num_steps, 0.0)
        return self._gather(episode, position, tf.fill([num_steps], weight))

    def all(self) -> Anchors:
        """Every step that is kept, padded to `K * L` rows of which the padding weighs nothing."""
        length = self._best_length.read_value()
        episode, position = tf.meshgrid(
            tf.range(length.shape[0]), tf.range(self._max_episode_length), indexing="ij"
        )
        exists = tf.cast(position < length[:, None], tf.float32)
        weight = exists / tf.maximum(tf.reduce_sum(exists), 1.0)
        return self._gather(*(tf.reshape(x, [-1]) for x in (episode, position, weight)))

    def _gather(self, episode: tf.Tensor, position: tf.Tensor, weight: tf.Tensor) -> Anchors:
        row = tf.gather(self._best_slot, episode) * self._max_episode_length + position
        observation, dist_params = tf.nest.map_structure(
            lambda table: tf.gather(table, row), self._tables
        )
        return Anchors(observation, dist_params, weight)


def _variable(initial: tf.Tensor) -> tf.Variable:
    return tf.Variable(initial, trainable=False)
