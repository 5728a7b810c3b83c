"""Compares the anchor memory with a sorted list of episodes."""

import itertools

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from tf_agents.specs import tensor_spec
from tf_agents.trajectories import StepType, trajectory

from tfrl.components import randomness
from tfrl.components.anchor_memory import AnchorMemory
from tfrl.components.randomness import RandomStream, Stream

FIRST, MID, LAST = StepType.FIRST, StepType.MID, StepType.LAST
BATCH, KEPT, LONGEST = 3, 2, 6


OBSERVATION = tf.TensorSpec([1], tf.float32)


def make_memory(num_episodes=KEPT, batch_size=BATCH, observation=OBSERVATION, **kwargs):
    data_spec = trajectory.Trajectory(
        step_type=tf.TensorSpec([], tf.int32),
        observation=observation,
        action=tensor_spec.BoundedTensorSpec([], tf.int64, 3, 1_000_000),
        policy_info={"dist_params": {"logits": tf.TensorSpec([2], tf.float32)}},
        next_step_type=tf.TensorSpec([], tf.int32),
        reward=tf.TensorSpec([], tf.float32),
        discount=tf.TensorSpec([], tf.float32),
    )
    return AnchorMemory(data_spec, num_episodes, batch_size, LONGEST, **kwargs)


def random_frames(num_frames, seed):
    """Yields frames of `BATCH` environments with random episode lengths and small integer rewards.

    Every observation is a unique number. Logits and action are computed from it.
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
            action=tf.constant(observation + 3, tf.int64),
            policy_info={"dist_params": {"logits": logits}},
            next_step_type=tf.constant(
                np.where(is_boundary, FIRST, np.where(ends, LAST, MID)), tf.int32
            ),
            reward=tf.constant(rng.integers(0, 3, BATCH), tf.float32),
            discount=tf.ones([BATCH]),
        )
        is_first, is_boundary = is_boundary, ends


class NaiveMemory:
    """A list of the episodes of highest score so far.

    The score is the return, or a number from the random stream `random`.
    """

    def __init__(self, newer_wins_ties=True, random=None):
        self.best = []
        self.sign = 1 if newer_wins_ties else -1
        self.random = random
        self.running = [([], 0.0) for _ in range(BATCH)]
        self.count = 0

    def observe(self, frame):
        numbers = self.random and randomness.uniform(self.random.next(), (BATCH,)).numpy()
        for b in range(BATCH):
            if frame.step_type[b] == LAST:
                continue
            steps, total = self.running[b]
            steps = [*steps, float(frame.observation[b, 0])]
            self.running[b] = steps, total + float(frame.reward[b])
            if frame.next_step_type[b] == LAST:
                score = self.running[b][1] if self.random is None else numbers[b]
                self.best.append((score, self.sign * self.count, steps[:LONGEST]))
                self.best = sorted(self.best, reverse=True)[:KEPT]
                self.running[b] = [], 0.0
                self.count += 1


def anchored(memory):
    """Returns the stored observations, sorted, and their weights."""
    anchors = memory.all()
    weight = anchors.weight.numpy()
    held = np.sort(anchors.observation.numpy()[weight > 0, 0])
    return held, weight[weight > 0]


@pytest.mark.parametrize("newer_wins_ties", [True, False])
@pytest.mark.parametrize("seed", range(2))
def test_the_best_episodes_are_stored_and_ties_prefer_the_newer_or_the_older(seed, newer_wins_ties):
    memory, naive = make_memory(newer_wins_ties=newer_wins_ties), NaiveMemory(newer_wins_ties)
    assert_equal_contents(memory, naive, seed)


@pytest.mark.parametrize("seed", range(2))
def test_random_selection_stores_the_highest_random_numbers(seed):
    streams = [RandomStream(Stream.ANCHORS, seed) for _ in range(2)]
    memory = make_memory(selection="random", random=streams[0])
    assert_equal_contents(memory, NaiveMemory(random=streams[1]), seed)


def assert_equal_contents(memory, naive, seed):
    """Asserts that both store the same episodes after each of many frames."""
    observe = tf.function(memory.observe, jit_compile=True)
    for frame in random_frames(120, seed):
        observe(tf.nest.map_structure(tf.convert_to_tensor, frame))
        naive.observe(frame)
        expected = np.sort([step for _, _, steps in naive.best for step in steps])
        held, weight = anchored(memory)
        np.testing.assert_array_equal(held, expected)
        np.testing.assert_allclose(weight, 1 / max(len(expected), 1), rtol=1e-6)
    assert sorted(memory.scores.numpy()) == sorted(score for score, _, _ in naive.best)
    assert naive.count > 2 * KEPT


def test_random_selection_stores_every_pair_equally_often():
    """Tests pairs that ended at the same step or not, with different returns."""
    memory = make_memory(selection="random")
    initial = [(variable, variable.numpy()) for variable in memory.variables]

    @tf.function
    def play():
        for number in range(0, 2 * BATCH, BATCH):
            observation = tf.range(number, number + BATCH)
            for begin, end in ((FIRST, LAST), (LAST, FIRST)):
                memory.observe(
                    trajectory.Trajectory(
                        step_type=tf.repeat(begin, BATCH),
                        observation=tf.cast(observation, tf.float32)[:, None],
                        action=tf.cast(observation, tf.int64),
                        policy_info={"dist_params": {"logits": tf.zeros([BATCH, 2])}},
                        next_step_type=tf.repeat(end, BATCH),
                        reward=tf.cast(observation, tf.float32),
                        discount=tf.ones([BATCH]),
                    )
                )
        return memory.all()

    counts = dict.fromkeys(itertools.combinations(range(2 * BATCH), KEPT), 0)
    for seed in range(20 * len(counts)):
        for variable, value in initial:
            variable.assign(value)
        memory._random.reseed(seed)
        anchors = play()
        held = anchors.observation.numpy()[anchors.weight > 0, 0]
        counts[tuple(sorted(held.astype(int)))] += 1
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 1e-3


def test_actions_and_distributions_stay_with_their_steps():
    memory = make_memory()
    for frame in random_frames(60, seed=9):
        memory.observe(frame)
    anchors = memory.all()
    x = anchors.observation.numpy()[:, 0]
    weighs = anchors.weight > 0
    assert np.any(weighs)
    np.testing.assert_array_equal(anchors.action[weighs], x[weighs] + 3)
    np.testing.assert_array_equal(
        anchors.dist_params["logits"][weighs], np.stack([x, -x], 1)[weighs]
    )


def test_empty_rows_hold_a_valid_action():
    held = make_memory().all().action.numpy()
    assert ((held >= 3) & (held <= 1_000_000)).all()


@pytest.mark.parametrize(("low", "high"), [(-np.inf, np.inf), (0.0, np.inf), (-5.0, -2.0)])
def test_empty_rows_hold_a_valid_finite_observation(low, high):
    spec = tensor_spec.BoundedTensorSpec([2], tf.float32, low, high)
    held = make_memory(observation=spec).all().observation.numpy()
    assert ((held >= low) & (held <= high) & (np.abs(held) <= 5)).all()


def test_samples_are_uniform_over_the_stored_steps():
    memory = make_memory()
    for frame in random_frames(60, seed=2):
        memory.observe(frame)
    sample = memory.sample(10_000)
    values, counts = np.unique(sample.observation.numpy(), return_counts=True)
    np.testing.assert_array_equal(values, anchored(memory)[0])
    assert scipy.stats.chisquare(counts).pvalue > 1e-3
    np.testing.assert_allclose(sample.weight, 1e-4, rtol=1e-6)
    x = sample.observation.numpy()[:, 0]
    np.testing.assert_array_equal(sample.dist_params["logits"], np.stack([x, -x], 1))


def test_an_empty_memory_has_weight_0():
    memory = make_memory()
    assert np.all(memory.all().weight == 0)
    assert np.all(memory.sample(5).weight == 0)
    assert np.all(memory.scores == -np.inf)


def test_num_episodes_must_be_positive():
    with pytest.raises(ValueError, match="num_episodes must be >= 1, got 0"):
        make_memory(num_episodes=0)


def test_unknown_selection_is_an_error():
    with pytest.raises(ValueError, match="selection must be one of best, random, got 'worst'"):
        make_memory(selection="worst")
