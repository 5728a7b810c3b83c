"""Streams of random keys, and random draws."""

import itertools

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from tfrl.components import randomness
from tfrl.components.randomness import RandomStream, Stream


def keys(stream, seed, count=3):
    random = RandomStream(stream, seed)
    return [tuple(random.next().numpy()) for _ in range(count)]


def test_keys_of_all_seeds_streams_and_steps_differ():
    drawn = [
        key for seed, stream in itertools.product(range(300), Stream) for key in keys(stream, seed)
    ]
    assert len(set(drawn)) == len(drawn)


def test_equal_seeds_give_equal_keys_and_reseed_restarts():
    random = RandomStream(Stream.POLICY, seed=5)
    first = [tuple(random.next().numpy()) for _ in range(3)]
    assert first == keys(Stream.POLICY, 5)
    random.reseed(5, block=1)
    assert not set(first) & {tuple(random.next().numpy()) for _ in range(3)}
    random.reseed(6)
    assert [tuple(random.next().numpy()) for _ in range(3)] == keys(Stream.POLICY, 6)


def test_keys_are_the_same_inside_a_compiled_loop():
    random = RandomStream(Stream.REPLAY, seed=9)

    @tf.function(jit_compile=True)
    def three():
        return tf.stack([random.next() for _ in range(3)])

    np.testing.assert_array_equal(three(), keys(Stream.REPLAY, 9))


@pytest.mark.parametrize("seed", [-1, 2**48])
def test_a_seed_out_of_range_is_an_error(seed):
    with pytest.raises(ValueError, match="seed must be >= 0"):
        RandomStream(Stream.POLICY, seed)


def test_draws_neither_use_nor_change_global_generators():
    draws = []
    for global_seed in (1, 2):
        tf.random.set_seed(global_seed)
        np.random.seed(global_seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        draws.append(randomness.uniform(RandomStream(Stream.POLICY, 3).next(), (100,)).numpy())
        np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_array_equal(*draws)


def test_uniform_covers_its_interval_evenly():
    draws = randomness.uniform(RandomStream(Stream.POLICY).next(), (20_000,)).numpy()
    assert scipy.stats.kstest(draws, "uniform").pvalue > 1e-3


def test_integers_cover_their_range_evenly():
    draws = randomness.integers(RandomStream(Stream.POLICY).next(), (20_000,), 5).numpy()
    values, counts = np.unique(draws, return_counts=True)
    assert values.tolist() == [0, 1, 2, 3, 4]
    assert scipy.stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("extreme", [0, 2**32 - 1])
def test_extreme_bits_give_numbers_in_range(monkeypatch, extreme):
    def bits(key, shape):
        return tf.fill(shape, tf.cast(extreme, tf.uint32))

    monkeypatch.setattr(randomness, "bits", bits)
    assert 0.0 <= randomness.uniform(None, (1,)).numpy()[0] < 1.0
    assert 0 <= randomness.integers(None, (1,), 5).numpy()[0] < 5
    logits = tf.constant([[-np.inf, 0.0], [0.0, -np.inf]])
    assert randomness.categorical(None, logits).numpy().tolist() == [1, 0]


def test_draws_are_the_same_inside_and_outside_compiled_functions():
    key = RandomStream(Stream.POLICY).next()
    for draw in (
        lambda: randomness.uniform(key, (1000,)),
        lambda: randomness.integers(key, (1000,), 77),
        lambda: randomness.categorical(key, tf.zeros([1000, 3])),
    ):
        np.testing.assert_array_equal(draw(), tf.function(draw, jit_compile=True)())


def test_categorical_follows_the_softmax_of_the_logits():
    logits = np.array([0.5, -1.0, 2.0], np.float32)
    draws = randomness.categorical(
        RandomStream(Stream.POLICY).next(), tf.tile(logits[None], [30_000, 1])
    ).numpy()
    odds = np.exp(logits.astype(float))
    assert scipy.stats.chisquare(np.bincount(draws), odds / odds.sum() * len(draws)).pvalue > 1e-3


def test_categorical_never_draws_an_action_of_probability_0():
    draws = randomness.categorical(
        RandomStream(Stream.POLICY).next(), tf.tile([[-np.inf, 0.0]], [10_000, 1])
    )
    assert np.all(draws == 1)
