"""The anchor memory against a sorted list of episodes."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tf_agents.trajectories import StepType, trajectory

from tfrl.agents import AnchorMemory
from tfrl.randomness import RandomStream, Stream

FIRST, MID, LAST = StepType.FIRST, StepType.MID, StepType.LAST
BATCH, KEPT, LONGEST = 3, 2, 6


def make_memory(num_episodes=KEPT, batch_size=BATCH, **kwargs):
    return AnchorMemory(
        tf.TensorSpec([1], tf.float32),
        {"logits": tf.TensorSpec([2], tf.float32)},
        num_episodes,
        batch_size,
        LONGEST,
        **kwargs,
    )


def random_frames(num_frames, seed):
    """Frames of `BATCH` environments whose episodes have random lengths and small whole rewards.

    Every observation is a number of its own, and the logits are made from it.
    """
    rng = np.random.default_rng(seed)
    is_first, number = np.ones(BATCH, bool), 0.0
    is_boundary = np.zeros(BATCH, bool)
    for _ in range(num_frames):
        ends = ~is_boundary & (rng.random(BATCH) < 0.25)
        observation = number + np.arange(BATCH, dtype=np.float32)
        logits = tf.constant(np.stack([observation, -observation], 1))
        number += BATCH
        yield trajectory.Trajectory(
            step_type=np.where(is_boundary, LAST, np.where(is_first, FIRST, MID)),
            observation=tf.constant(observation[:, None]),
            action=np.zeros(BATCH, np.int64),
            policy_info={"dist_params": {"logits": logits}},
            next_step_type=tf.constant(
                np.where(is_boundary, FIRST, np.where(ends, LAST, MID)), tf.int32
            ),
            reward=tf.constant(rng.integers(0, 3, BATCH), tf.float32),
            discount=tf.ones([BATCH]),
        )
        is_first, is_boundary = is_boundary, ends


class NaiveMemory:
    """Keeps lists: each time an episode ends, the best few of all so far."""

    def __init__(self, newer_wins_ties):
        self.best = []
        self.sign = 1 if newer_wins_ties else -1
        self.running = [([], 0.0) for _ in range(BATCH)]
        self.count = 0

    def observe(self, frame):
        for b in range(BATCH):
            if frame.step_type[b] == LAST:
                continue
            steps, total = self.running[b]
            steps = [*steps, float(frame.observation[b, 0])]
            self.running[b] = steps, total + float(frame.reward[b])
            if frame.next_step_type[b] == LAST:
                self.best.append((self.running[b][1], self.sign * self.count, steps[:LONGEST]))
                self.best = sorted(self.best, reverse=True)[:KEPT]
                self.running[b] = [], 0.0
                self.count += 1


def anchored(memory):
    """The observations held, sorted, with their weights."""
    anchors = memory.all()
    weight = anchors.weight.numpy()
    held = np.sort(anchors.observation.numpy()[weight > 0, 0])
    return held, weight[weight > 0]


@pytest.mark.parametrize("newer_wins_ties", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_it_holds_the_best_episodes_and_of_ties_the_newer_or_the_older(seed, newer_wins_ties):
    memory, naive = make_memory(newer_wins_ties=newer_wins_ties), NaiveMemory(newer_wins_ties)
    observe = tf.function(memory.observe, jit_compile=True)
    for frame in random_frames(120, seed):
        observe(tf.nest.map_structure(tf.convert_to_tensor, frame))
        naive.observe(frame)
        expected = np.sort([step for _, _, steps in naive.best for step in steps])
        held, weight = anchored(memory)
        np.testing.assert_array_equal(held, expected)
        np.testing.assert_allclose(weight, 1 / max(len(expected), 1), rtol=1e-6)
    assert sorted(memory.returns.numpy()) == sorted(total for total, _, _ in naive.best)
    assert naive.count > 2 * KEPT


def test_distributions_stay_with_the_steps_they_were_recorded_at():
    memory = make_memory()
    for frame in random_frames(60, seed=9):
        memory.observe(frame)
    anchors = memory.all()
    x = anchors.observation.numpy()[:, 0]
    np.testing.assert_array_equal(anchors.dist_params["logits"], np.stack([x, -x], 1))


def test_samples_are_uniform_over_the_steps_held():
    memory = make_memory()
    for frame in random_frames(60, seed=2):
        memory.observe(frame)
    sample = memory.sample(10_000, RandomStream(Stream.ANCHORS))
    values, counts = np.unique(sample.observation.numpy(), return_counts=True)
    np.testing.assert_array_equal(values, anchored(memory)[0])
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    np.testing.assert_allclose(sample.weight, 1e-4, rtol=1e-6)
    x = sample.observation.numpy()[:, 0]
    np.testing.assert_array_equal(sample.dist_params["logits"], np.stack([x, -x], 1))


def test_an_empty_memory_weighs_nothing():
    memory = make_memory()
    assert np.all(memory.all().weight == 0)
    assert np.all(memory.sample(5, RandomStream(Stream.ANCHORS)).weight == 0)
    assert np.all(memory.returns == -np.inf)


def test_it_keeps_at_least_one_episode():
    with pytest.raises(ValueError, match="num_episodes is at least 1, not 0"):
        make_memory(num_episodes=0)
