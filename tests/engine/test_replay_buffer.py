"""Compares the replay buffer with a list of all added frames."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tf_keras as keras
from tf_agents.agents.dqn import dqn_agent
from tf_agents.drivers import dynamic_step_driver
from tf_agents.networks import q_network
from tf_agents.replay_buffers import replay_buffer

from tfrl.components.randomness import RandomStream, Stream
from tfrl.components.replay_buffer import UniformReplayBuffer
from tfrl.environments import CartPole

SPEC = {"x": tf.TensorSpec([2], tf.float32), "id": tf.TensorSpec([], tf.int64)}
BATCH, LENGTH = 3, 7


def filled(num_frames, batch_size=BATCH):
    """Returns a buffer and the ids `[B, L]` of the frames that it must contain, oldest first."""
    buffer = UniformReplayBuffer(SPEC, batch_size, LENGTH, RandomStream(Stream.REPLAY, 1))
    added = []
    for t in range(num_frames):
        ids = 100 * np.arange(batch_size) + t
        added.append(ids)
        buffer.add_batch(
            {"x": tf.constant(np.stack([ids, -ids], 1), tf.float32), "id": tf.constant(ids)}
        )
    return buffer, np.array(added[-LENGTH:]).T


@pytest.mark.parametrize("num_frames", [1, 4, 7, 8, 25])
def test_the_buffer_contains_the_newest_frames_in_order(num_frames):
    buffer, expected = filled(num_frames)
    assert isinstance(buffer, replay_buffer.ReplayBuffer)
    assert buffer.num_frames() == expected.size
    held = buffer.gather_all()
    np.testing.assert_array_equal(held["id"], expected)
    np.testing.assert_array_equal(held["x"], np.stack([expected, -expected], -1))


@pytest.mark.parametrize("num_frames", [3, 7, 12])
def test_samples_are_consecutive_frames_and_uniform(num_frames):
    buffer, held = filled(num_frames)
    size, steps = 12_000, 3
    sample = tf.function(lambda: buffer.get_next(size, steps), jit_compile=True)
    items, _ = sample()
    ids = items["id"].numpy()
    assert ids.shape == (size, steps)
    np.testing.assert_array_equal(np.diff(ids, axis=1), 1)
    starts, counts = np.unique(ids[:, 0], return_counts=True)
    assert set(starts) == set(held[:, : held.shape[1] - steps + 1].ravel())
    assert len(starts) == 1 or scipy.stats.chisquare(counts).pvalue > 1e-3


def test_shapes_depend_on_the_arguments_of_get_next():
    buffer, _ = filled(5)
    assert buffer.get_next()[0]["x"].shape == [2]
    assert buffer.get_next(4)[0]["x"].shape == [4, 2]
    assert buffer.get_next(num_steps=2)[0]["x"].shape == [2, 2]
    assert buffer.get_next(4, 2)[0]["x"].shape == [4, 2, 2]


def test_clear_removes_all_frames():
    buffer, _ = filled(5)
    buffer.clear()
    assert buffer.num_frames() == 0
    with pytest.raises(tf.errors.InvalidArgumentError):
        buffer.get_next(4, 2)


def test_equal_seeds_give_equal_samples():
    samples = [filled(7)[0].get_next(50)[0]["id"].numpy() for _ in range(2)]
    np.testing.assert_array_equal(*samples)


def test_a_dataset_draws_a_new_sample_each_time():
    buffer, held = filled(7)
    batches = [items["id"].numpy() for items, _ in buffer.as_dataset(20, 2).take(2)]
    assert batches[0].shape == (20, 2)
    assert (batches[0] != batches[1]).any()
    assert np.isin(batches, held).all()
    with pytest.raises(NotImplementedError):
        buffer.as_dataset(20, 2, num_parallel_calls=3)


def test_the_buffer_works_with_stock_tf_agents_components():
    environment = CartPole(batch_size=BATCH)
    network = q_network.QNetwork(environment.observation_spec(), environment.action_spec())
    agent = dqn_agent.DqnAgent(
        environment.time_step_spec(),
        environment.action_spec(),
        network,
        keras.optimizers.Adam(),
        train_step_counter=tf.Variable(0, dtype=tf.int64),
    )
    agent.initialize()
    buffer = UniformReplayBuffer(
        agent.collect_data_spec, BATCH, 100, RandomStream(Stream.REPLAY, 1)
    )
    driver = dynamic_step_driver.DynamicStepDriver(
        environment, agent.collect_policy, observers=[buffer.add_batch], num_steps=60
    )
    driver.run()
    for experience, _ in buffer.as_dataset(sample_batch_size=16, num_steps=2).take(3):
        assert np.isfinite(agent.train(experience).loss)
    assert agent.train_step_counter == 3
