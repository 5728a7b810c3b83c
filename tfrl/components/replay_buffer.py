"""A uniform replay buffer in plain variables, sampled with stateless random numbers."""

import tensorflow as tf
from tf_agents.replay_buffers import replay_buffer

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream


class UniformReplayBuffer(replay_buffer.ReplayBuffer):
    """Stores the last `max_length` frames of each of `batch_size` environments.

    It replaces TF-Agents' `TFUniformReplayBuffer`, which guards its tables with mutexes that XLA
    cannot compile and samples with seeds that XLA ignores. Differences:

    - `get_next` returns `()` as its second item, and only frames stacked on the time dimension.
    - Sampling from too few frames is undefined inside a compiled function. Outside it raises
      InvalidArgumentError.
    - `as_dataset` samples sequentially, without parallel calls. Single-pass datasets are not
      supported.
    """

    def __init__(
        self, data_spec, batch_size: int, max_length: int, random: RandomStream, name=None
    ):
        """Creates the tables.

        Args:
          data_spec: nest of specs of one frame, such as `agent.collect_data_spec`.
          batch_size: number of environments, `B`.
          max_length: number of stored frames of each environment, `L`.
          random: the random stream.
          name: not used.
        """
        super().__init__(data_spec, capacity=batch_size * max_length, stateful_dataset=True)
        self._batch_size = batch_size
        self._max_length = max_length
        self._random = random
        self._tables = tf.nest.map_structure(
            lambda spec: tf.Variable(
                tf.zeros([self.capacity, *spec.shape], spec.dtype), trainable=False
            ),
            data_spec,
        )
        self._num_added = tf.Variable(0, dtype=tf.int64, trainable=False, name="num_added")

    def _num_frames(self):
        return self._length() * self._batch_size

    def _length(self) -> tf.Tensor:
        """Returns the number of stored frames of each environment."""
        return tf.minimum(self._num_added.read_value(), self._max_length)

    def _rows(self, position: tf.Tensor, environment: tf.Tensor) -> tf.Tensor:
        """Returns the table rows of the `position`-th added frames of the environments."""
        return (position % self._max_length) * self._batch_size + environment

    def _add_batch(self, items):
        rows = self._rows(self._num_added.read_value(), tf.range(self._batch_size, dtype=tf.int64))
        tf.nest.map_structure(
            lambda table, item: table.scatter_update(tf.IndexedSlices(item, rows)),
            self._tables,
            items,
        )
        self._num_added.assign_add(1)

    def _get_next(self, sample_batch_size, num_steps, time_stacked):
        if not time_stacked:
            raise NotImplementedError("get_next supports time_stacked=True only")
        size, steps = sample_batch_size or 1, num_steps or 1
        last, length = self._num_added.read_value(), self._length()
        tf.debugging.assert_greater_equal(length, tf.constant(steps, tf.int64))
        key = self._random.next()
        start = last - length + randomness.integers(key, (size,), length - steps + 1)
        environment = tf.zeros((size,), tf.int64)
        if self._batch_size > 1:
            key = self._random.next()
            environment = randomness.integers(key, (size,), self._batch_size)
        rows = self._rows(start[:, None] + tf.range(steps, dtype=tf.int64), environment[:, None])
        if num_steps is None:
            rows = rows[:, 0]
        if sample_batch_size is None:
            rows = rows[0]
        return tf.nest.map_structure(lambda table: tf.gather(table, rows), self._tables), ()

    def _as_dataset(self, sample_batch_size, num_steps, sequence_preprocess_fn, num_parallel_calls):
        if num_parallel_calls is not None:
            raise NotImplementedError("num_parallel_calls must be None, so the order is defined")
        dataset = tf.data.Dataset.counter().map(
            lambda _: self._get_next(sample_batch_size, num_steps, True)
        )
        if sequence_preprocess_fn is not None:
            dataset = dataset.map(lambda items, info: (sequence_preprocess_fn(items), info))
        return dataset

    def _single_deterministic_pass_dataset(
        self, sample_batch_size, num_steps, sequence_preprocess_fn, num_parallel_calls
    ):
        raise NotImplementedError("use gather_all() for one pass over the buffer")

    def _gather_all(self):
        length = self._length()
        position = tf.range(self._num_added - length, self._num_added)
        rows = self._rows(position[None], tf.range(self._batch_size, dtype=tf.int64)[:, None])
        return tf.nest.map_structure(lambda table: tf.gather(table, rows), self._tables)

    def _clear(self):
        self._num_added.assign(0)
