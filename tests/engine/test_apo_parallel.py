"""Learners side by side: what one gets of the others, and what of it is counted."""

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
    """Whether anchors are shared, and a trainer of two learners.

    A learning rate that fell with the steps of both would be something that they share.
    """
    config = {"anchor_weight": 10.0, "anneal_learning_rate": False}
    return request.param, make_trainer("apo_parallel", share_anchors=request.param, **config)


def weights(trainer, learner):
    """Of one learner's actor and value network."""
    networks = trainer._pipeline.networks[2 * learner : 2 * learner + 2]
    return np.concatenate([w.numpy().ravel() for net in networks for w in net.variables])


@pytest.mark.parametrize("share_anchors", [True, False])
@pytest.mark.slow
def test_a_single_learner_is_plain_apo(share_anchors):
    config = {"num_learners": 1, "num_environments": 8, "share_anchors": share_anchors}
    alone, plain = make_trainer("apo_parallel", **config), make_trainer("apo")
    assert digest(alone.run(1)) == digest(plain.run(1))


@pytest.mark.slow
def test_the_others_matter_to_the_first_only_if_anchors_are_shared(monkeypatch, parallel):
    share_anchors, trainer = parallel
    undisturbed = trainer.run(1)
    first, second = weights(trainer, 0), weights(trainer, 1)
    assert digest(trainer.run(1)) == digest(undisturbed)
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
def test_steps_and_updates_are_of_all_and_episodes_of_the_first(parallel):
    share_anchors, trainer = parallel
    result = trainer.run(2)
    pipeline = trainer._pipeline
    steps = int(pipeline.episode_log.environment_steps.numpy())
    iterations = int(result.updates) // (2 * 20)
    assert result.updates == 2 * 20 * iterations
    frames = 16 * 32 * iterations
    assert 0.9 * frames < steps <= frames  # the frames that are no steps reset an environment
    # Every second step is one of the first learner's.
    own = result.episodes["length"].sum()
    assert 0 <= steps / 2 - own < 8 * 500
    best = np.sort(result.episodes["return"])[-4:]
    held = np.sort(pipeline.agent.anchor_memory.scores)
    if share_anchors:
        assert np.all(held >= best) and np.any(held > best)
    else:
        np.testing.assert_array_equal(held, best)


def test_each_policy_has_rows_of_its_own():
    pipeline = ParallelApoPipeline(
        lambda batch: CartPole(batch_size=batch), ParallelApoConfig(num_environments=6), 1_000
    )
    pipeline.initialize(0)
    policies = [agent.collect_policy for agent in pipeline._agents]
    rng = np.random.default_rng(0)
    time_steps = ts.restart(tf.constant(rng.normal(size=(6, 4)), tf.float32), 6)
    both = StackedPolicies(policies).distribution(time_steps)
    alone = [policy.distribution(time_steps) for policy in policies]
    for which, rows in ((0, slice(0, 3)), (1, slice(3, 6))):
        np.testing.assert_allclose(
            both.action.logits[rows], alone[which].action.logits[rows], rtol=1e-5
        )
        tf.nest.map_structure(
            lambda x, y, rows=rows: np.testing.assert_allclose(x[rows], y[rows], rtol=1e-5),
            both.info,
            alone[which].info,
        )
    assert not np.allclose(alone[0].action.logits, alone[1].action.logits)
    assert len(StackedPolicies(policies).variables()) == 2 * len(policies[0].variables())


def test_environments_that_cannot_be_divided_are_refused():
    with pytest.raises(ValueError, match="a multiple of num_learners = 3, not 16"):
        ParallelApoConfig(num_learners=3)
