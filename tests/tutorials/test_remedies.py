"""Agents of lesson 9."""

import tfrl  # noqa: F401  # before TensorFlow

# isort: split
import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import StepType, trajectory

from tfrl.pipelines.dqn import DqnPipeline
from tfrl.training import Trainer
from tfrl.tutorials.remedies import HeadStartPipeline, RemediesPipeline, n_step_transitions

FIRST, MID, LAST = int(StepType.FIRST), int(StepType.MID), int(StepType.LAST)


def frames(kinds, rewards, discounts):
    """One row of frames whose observations are 10, 20, 30, ..."""
    row = np.arange(10.0, 10.0 * len(kinds) + 1, 10.0)
    following = [*kinds[1:], MID]
    return trajectory.Trajectory(
        step_type=tf.constant([kinds]),
        observation=tf.constant(row[None, :, None], tf.float32),
        action=tf.zeros([1, len(kinds)], tf.int64),
        policy_info=(),
        next_step_type=tf.constant([following]),
        reward=tf.constant([rewards], tf.float32),
        discount=tf.constant([discounts], tf.float32),
    )


def numbers(transition):
    """Its reward, discount and next observation."""
    return [
        float(part[0])
        for part in (
            transition.reward[:, 0],
            transition.discount[:, 0],
            transition.observation[0, 1],
        )
    ]


def test_three_steps_in_one_episode():
    given = frames([MID] * 4, [1, 2, 4, 8], [1, 1, 1, 1])
    # 1 + 0.5 * 2 + 0.25 * 4, and the agent multiplies 0.25 by gamma once more.
    assert numbers(n_step_transitions(given, 0.5)) == [3.0, 0.25, 40.0]


def test_a_terminal_state_within_the_steps():
    given = frames([MID, MID, LAST, FIRST], [1, 2, 0, 8], [1, 0, 1, 1])
    assert numbers(n_step_transitions(given, 0.5)) == [2.0, 0.0, 30.0]


def test_a_time_limit_within_the_steps_is_bootstrapped_from():
    given = frames([MID, MID, LAST, FIRST], [1, 2, 0, 8], [1, 1, 1, 1])
    assert numbers(n_step_transitions(given, 0.5)) == [2.0, 0.5, 30.0]


def test_one_step_is_the_transition_itself():
    given = frames([MID, MID], [3, 0], [1, 1])
    assert numbers(n_step_transitions(given, 0.5)) == [3.0, 1.0, 20.0]


def curve(pipeline, **hyperparameters):
    """The evaluations of a very short run."""
    config = pipeline.Config(fc_layer_params=(8,), batch_size=16, **hyperparameters)
    trainer = Trainer(pipeline, config, "CartPole-v1", 400, 200, 2)
    result = trainer.run(0)
    return result.evaluations["return"], result


@pytest.mark.slow
def test_without_remedies_it_is_dqn_to_the_bit():
    same, result = curve(RemediesPipeline)
    original, expected = curve(DqnPipeline)
    np.testing.assert_array_equal(same, original)
    assert result.weights_sha256 == expected.weights_sha256


@pytest.mark.slow
def test_each_remedy_makes_the_updates_that_it_says():
    _, plain = curve(RemediesPipeline)
    _, more = curve(RemediesPipeline, updates=3, n_step=3)
    _, dyna = curve(RemediesPipeline, imagined=2)
    assert more.updates == pytest.approx(3 * plain.updates, rel=0.05)
    assert dyna.updates == pytest.approx(3 * plain.updates, rel=0.05)


@pytest.mark.slow
def test_a_head_start_begins_with_the_given_weights(monkeypatch):
    trainer = Trainer(HeadStartPipeline, HeadStartPipeline.Config(), "CartPole-v1", 2000, 1000, 4)
    names = [name for name in trainer.run(0).policies if name != "step"]
    shapes = [(4, 64), (64,), (64, 64), (64,), (64, 2), (2,)]
    # Always the first action: the pole falls within eleven steps.
    weights = [np.zeros(shape, np.float32) for shape in shapes]
    weights[-1][:] = [9.0, -9.0]
    drawn = trainer.run(1)
    monkeypatch.setattr(HeadStartPipeline, "start", {1: weights})
    given = trainer.run(1)
    at_once = given.evaluations["return"][given.evaluations["step"] == 0]
    assert at_once.max() <= 11
    assert given.weights_sha256 != drawn.weights_sha256
    assert len(names) == 12  # of both networks
    monkeypatch.setattr(HeadStartPipeline, "start", {})
    assert trainer.run(1).weights_sha256 == drawn.weights_sha256
