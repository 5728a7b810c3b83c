"""Parallel APO: interaction of the learners, and counting of steps and episodes."""

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import time_step as ts

from tests.engine.one_run import digest, make_trainer
from tfrl.components.policies import StackedPolicies
from tfrl.environments import CartPole
from tfrl.pipelines.apo_parallel import ParallelApoConfig, ParallelApoPipeline


@pytest.fixture(scope="module", params=[True, False], ids=["shared", "apart"])
def parallel(request):
    """`share_anchors`, and a trainer of two learners.

    The learning rate is constant: an annealed one would depend on the steps of both learners.
    """
    config = {"anchor_weight": 10.0, "anneal_learning_rate": False}
    return request.param, make_trainer("apo_parallel", share_anchors=request.param, **config)


def weights(trainer, learner):
    """Weights of one learner's actor and value network."""
    networks = trainer._pipeline.networks[2 * learner : 2 * learner + 2]
    return np.concatenate([w.numpy().ravel() for net in networks for w in net.variables])


@pytest.mark.parametrize("share_anchors", [True, False])
@pytest.mark.slow
def test_a_single_learner_is_plain_apo(share_anchors):
    config = {"num_learners": 1, "num_environments": 8, "share_anchors": share_anchors}
    parallel, plain = make_trainer("apo_parallel", **config), make_trainer("apo")
    assert digest(parallel.run(1)) == digest(plain.run(1))


@pytest.mark.slow
def test_other_learners_affect_the_first_only_if_anchors_are_shared(monkeypatch, parallel):
    share_anchors, trainer = parallel
    result = trainer.run(1)
    first, second = weights(trainer, 0), weights(trainer, 1)
    assert digest(trainer.run(1)) == digest(result)
    initialize = trainer._pipeline.initialize

    def disturb(seed):
        initialize(seed)
        for variable in trainer._pipeline.networks[2].variables:  # the second learner's actor
            variable.assign(1.5 * variable)

    monkeypatch.setattr(trainer._pipeline, "initialize", disturb)
    trainer.run(1)
    assert not np.array_equal(weights(trainer, 1), second)
    assert np.array_equal(weights(trainer, 0), first) != share_anchors


@pytest.mark.slow
def test_steps_and_updates_of_all_learners_and_episodes_of_the_first_are_counted(parallel):
    share_anchors, trainer = parallel
    result = trainer.run(2)
    pipeline = trainer._pipeline
    steps = int(pipeline.episode_log.environment_steps.numpy())
    iterations = int(result.updates) // (2 * 20)
    assert result.updates == 2 * 20 * iterations
    frames = 16 * 32 * iterations
    assert 0.9 * frames < steps <= frames  # the other frames reset an environment
    # Half of the steps are the first learner's.
    steps_of_first = result.episodes["length"].sum()
    assert 0 <= steps / 2 - steps_of_first < 8 * 500
    best = np.sort(result.episodes["return"])[-4:]
    scores = np.sort(pipeline.agent.anchor_memory.scores)
    if share_anchors:
        assert np.all(scores >= best) and np.any(scores > best)
    else:
        np.testing.assert_array_equal(scores, best)


def test_each_learner_acts_in_its_own_environments():
    pipeline = ParallelApoPipeline(
        lambda batch: CartPole(batch_size=batch), ParallelApoConfig(num_environments=6), 1_000
    )
    pipeline.initialize(0)
    policies = [agent.collect_policy for agent in pipeline._agents]
    rng = np.random.default_rng(0)
    time_steps = ts.restart(tf.constant(rng.normal(size=(6, 4)), tf.float32), 6)
    stacked = StackedPolicies(policies).distribution(time_steps)
    single = [policy.distribution(time_steps) for policy in policies]
    for learner, rows in ((0, slice(0, 3)), (1, slice(3, 6))):
        np.testing.assert_allclose(
            stacked.action.logits[rows], single[learner].action.logits[rows], rtol=1e-5
        )
        tf.nest.map_structure(
            lambda x, y, rows=rows: np.testing.assert_allclose(x[rows], y[rows], rtol=1e-5),
            stacked.info,
            single[learner].info,
        )
    assert not np.allclose(single[0].action.logits, single[1].action.logits)
    assert len(StackedPolicies(policies).variables()) == 2 * len(policies[0].variables())


def test_indivisible_num_environments_raises_value_error():
    with pytest.raises(ValueError, match="a multiple of num_learners = 3, got 16"):
        ParallelApoConfig(num_learners=3)
