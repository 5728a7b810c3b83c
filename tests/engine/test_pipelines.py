"""Each pipeline learns, and its runs are pure functions of configuration and seed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tf_agents.agents.dqn import dqn_agent
from tf_agents.agents.ppo import ppo_clip_agent
from tf_agents.trajectories import time_step as ts

from tests.engine.one_run import EPISODES, STEPS, digest, make_trainer
from tfrl import pipelines, training
from tfrl.components.policies import EpsilonGreedyPolicy
from tfrl.components.randomness import RandomStream, Stream
from tfrl.environments import CartPole
from tfrl.pipelines.ppo import CorrectedPPOClipAgent

NAMES = tuple(pipelines.PIPELINES)
ROOT = Path(__file__).parents[2]
SHORTEST_FIRST = [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]


@pytest.fixture(scope="module", params=SHORTEST_FIRST)
def trained(request):
    """Name of a pipeline, its trainer, and its results for seeds 1 and 2, run in this order."""
    tf.random.set_seed(1)
    np.random.seed(1)  # noqa: NPY002
    keras.backend.reset_uids()
    for _ in range(7):  # dense_9 and dense_10 would then belong to different networks of PPO
        keras.layers.Dense(1)
    trainer = make_trainer(request.param)
    return request.param, trainer, [trainer.run(seed) for seed in (1, 2)]


def digest_in_new_process(name, seed):
    command = [sys.executable, "-m", "tests.engine.one_run", name, str(seed)]
    process = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return process.stdout.strip()


def test_run_does_not_depend_on_runs_before_it(trained):
    name, trainer, (first, second) = trained
    assert digest(first) != digest(second)
    assert digest(second) == digest_in_new_process(name, 2)
    # Seed 1 was the trainer's first run; now it follows two others.
    assert digest(first) == digest(trainer.run(1))
    assert first.timings["compile"] > 0 and second.timings["compile"] == 0


def test_tables_are_consistent(trained):
    name, _, (result, _) = trained
    episodes, evaluations = result.episodes, result.evaluations
    assert np.all(np.diff(episodes["step"]) >= 0)
    assert np.array_equal(episodes["episode"], np.arange(len(episodes["step"])))
    assert np.array_equal(episodes["return"], episodes["length"])  # CartPole: 1 for each step
    # Every step belongs to a finished episode or to one of the few in progress.
    in_progress = episodes["step"][-1] - episodes["length"].sum()
    assert 0 <= in_progress <= 8 * 500 or name == "apo_parallel"  # logs one learner's episodes
    assert np.unique(evaluations["step"]).tolist() == [0, 1_000, 2_000]
    assert len(evaluations["step"]) == 3 * EPISODES * 4  # two splits, two policies
    assert np.array_equal(evaluations["return"], evaluations["length"])
    assert result.updates > 0
    losses = result.losses
    assert np.all(np.isfinite(losses["value"]))
    assert {"loss", "gradient_norm"} <= set(losses["name"])
    assert np.all(np.diff(losses["step"]) >= 0) and len(np.unique(losses["step"])) <= 200
    assert result.policies["step"].tolist() == [2_000]


def test_training_ends_with_the_first_iteration_that_reaches_its_length(trained):
    name, trainer, _ = trained
    steps = int(trainer._pipeline.episode_log.environment_steps.numpy())
    longest = {"dqn": 1, "reinforce": 2 * 500, "apo_parallel": 16 * 32}.get(name, 8 * 32)
    assert STEPS <= steps < STEPS + longest


@pytest.mark.slow
def test_evaluating_more_often_does_not_change_training(trained):
    name, _, (result, _) = trained
    frequent = make_trainer(name, every=200).run(1)
    assert frequent.weights_sha256 == result.weights_sha256
    np.testing.assert_array_equal(frequent.episodes["return"], result.episodes["return"])


@pytest.mark.slow
def test_early_evaluations_are_more_frequent_and_all_policies_can_be_kept():
    pipeline = pipelines.resolve("dqn")
    trainer = training.Trainer(
        pipeline,
        pipeline.Config(replay_buffer_max_length=1_000),
        "CartPole-v1",
        STEPS,
        1_000,
        EPISODES,
        evaluation_every_early=200,
        keep_policies="all",
    )
    result = trainer.run(1)
    steps = [0, 200, 1_000, 2_000]
    assert np.unique(result.evaluations["step"]).tolist() == steps
    weights = dict(result.policies)
    assert weights.pop("step").tolist() == steps
    variables = trainer._pipeline.policy_variables.values()
    for variable, kept in zip(variables, weights.values(), strict=True):
        np.testing.assert_array_equal(variable, kept[-1])
        assert not np.array_equal(kept[0], kept[-1])


def test_evaluated_policy_is_greedy(trained):
    _, trainer, _ = trained
    pipeline = trainer._pipeline
    rng = np.random.default_rng(0)
    time_steps = ts.restart(tf.constant(rng.normal(size=(200, 4)), tf.float32), 200)
    network = pipeline.networks[0]
    output, _ = network(time_steps.observation, time_steps.step_type, ())
    preferences = output if isinstance(output, tf.Tensor) else output.logits
    action = pipeline.policy.action(time_steps).action
    np.testing.assert_array_equal(action, np.argmax(preferences, axis=-1))


@pytest.mark.slow
def test_apo_remembers_its_best_episodes_and_diverges_from_ppo():
    trainer = make_trainer("apo", num_anchor_episodes=3)
    result = trainer.run(1)
    scores = np.sort(trainer._pipeline.agent.anchor_memory.scores)
    np.testing.assert_array_equal(scores, np.sort(result.episodes["return"])[-3:])
    ppo = make_trainer("ppo").run(1)
    first = result.episodes["return"][:5], ppo.episodes["return"][:5]
    np.testing.assert_array_equal(*first)  # same initial weights and states
    assert result.weights_sha256 != ppo.weights_sha256


# The threshold of 50 is well above a random policy's 22. Any agent that learns soon reaches it.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "config", "num_steps"),
    [
        ("dqn", {"target_update_period": 100}, 10_000),
        ("dqn", {"double": True, "target_update_period": 100, "gradient_clipping": 1.0}, 10_000),
        ("reinforce", {}, 30_000),
        ("reinforce", {"use_value_network": True, "entropy_regularization": 0.01}, 30_000),
        ("ppo", {}, 30_000),
        ("ppo", {"stock_agent": True, "anneal_learning_rate": False}, 30_000),
        ("apo", {}, 30_000),
        ("apo", {"anchor_loss_type": "theta_to_best", "anneal_anchor_weight": True}, 30_000),
        ("apo", {"anchor_loss_type": "cross_entropy"}, 30_000),
        ("apo", {"anchor_selection": "random", "normalize_observations": True}, 30_000),
        ("apo_parallel", {}, 60_000),
        ("apo_parallel", {"share_anchors": False}, 60_000),
    ],
)
def test_every_variant_learns(name, config, num_steps):
    pipeline = pipelines.resolve(name)
    trainer = training.Trainer(
        pipeline, pipeline.Config(**config), "CartPole-v1", num_steps, num_steps, 32
    )
    result = trainer.run(0)
    assert result.episodes["return"][-20:].mean() > 50


def build(name, **hyperparameters):
    pipeline = pipelines.resolve(name)
    return pipeline(
        lambda batch: CartPole(batch_size=batch), pipeline.Config(**hyperparameters), 1_000
    )


def test_hyperparameters_reach_the_agent():
    assert type(build("dqn").agent) is dqn_agent.DqnAgent
    assert type(build("dqn", double=True).agent) is dqn_agent.DdqnAgent
    assert build("dqn", gamma=0.5).agent._gamma == 0.5
    assert build("dqn", gradient_clipping=2.0).agent._gradient_clipping == 2.0
    assert type(build("ppo", stock_agent=True).agent) is ppo_clip_agent.PPOClipAgent
    assert type(build("ppo").agent) is CorrectedPPOClipAgent
    agent = build("ppo", lambda_value=0.3, importance_ratio_clipping=0.4).agent
    assert (agent._lambda, agent._importance_ratio_clipping) == (0.3, 0.4)
    apo = build("apo", anchor_batch_size=7, anchor_loss_type="theta_to_best", anchor_weight=3.0)
    assert (apo.agent._anchor_batch_size, apo.agent._anchor_loss_type) == (7, "theta_to_best")
    assert float(apo.agent._anchor_weight()) == 3.0
    assert build("reinforce", gamma=0.7).agent._gamma == 0.7
    assert len(build("reinforce", use_value_network=True).networks) == 2


@pytest.mark.parametrize("anneal", [True, False])
def test_learning_rate_and_anchor_weight_fall_to_0_only_if_annealed(anneal):
    pipeline = build("apo", anneal_learning_rate=anneal, anneal_anchor_weight=anneal)
    pipeline.episode_log.environment_steps.assign(750)
    expected = 0.25 if anneal else 1.0
    assert float(pipeline.agent._anchor_weight()) == pytest.approx(expected)
    assert float(pipeline.learning_rate()) == pytest.approx(1e-3 * expected)


def test_observations_are_normalized_by_all_observations_learned_from():
    pipeline = build("ppo", normalize_observations=True, num_epochs=1)
    pipeline.initialize(0)
    observations = []
    for _ in range(3):
        experience = pipeline.collector.collect()
        pipeline.learn(experience)
        observations.append(experience.observation.numpy().reshape(-1, 4))
    x = np.concatenate(observations)
    # TF-Agents adds 1e-3 to the variance, and clips at 5.
    normalized = tf.constant(np.clip((x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), -5, 5))
    time_steps = ts.restart(tf.constant(x), len(x))
    logits = pipeline.agent.collect_policy.distribution(time_steps).action.logits
    expected, _ = pipeline.networks[0](normalized, time_steps.step_type, ())
    np.testing.assert_allclose(logits, expected.logits, rtol=1e-3, atol=1e-4)


def test_each_epoch_learns_from_every_frame_once(monkeypatch):
    pipeline = build("ppo", num_epochs=2, minibatch_size=64)
    pipeline.initialize(0)
    minibatches, train = [], pipeline.agent.train

    def update(minibatch):
        minibatches.append(minibatch.observation.numpy())
        return train(minibatch)

    monkeypatch.setattr(pipeline.agent, "train", update)
    experience = pipeline.collector.collect()
    pipeline.learn(experience)
    frames = experience.observation[:, :-1].numpy().reshape(-1, 4)
    assert [x.shape for x in minibatches] == [(64, 1, 4)] * 8
    epochs = np.concatenate(minibatches).reshape(2, 256, 4)
    assert not np.array_equal(epochs[0], epochs[1])
    for epoch in epochs:
        assert sorted(map(tuple, epoch)) == sorted(map(tuple, frames))


def test_using_a_stream_twice_raises_value_error():
    pipeline = build("ppo")
    pipeline.another = EpsilonGreedyPolicy(pipeline.agent.policy, 0.5, RandomStream(Stream.POLICY))
    with pytest.raises(ValueError, match="POLICY is used twice; give each RandomStream its own"):
        pipeline.initialize(0)


@pytest.mark.slow
def test_diverging_run_raises_and_does_not_affect_the_next_seed(monkeypatch):
    trainer = make_trainer("reinforce")
    expected = trainer.run(2)
    initialize = trainer._pipeline.initialize

    def diverge(seed):
        initialize(seed)
        trainer._pipeline.networks[0].variables[0].assign_add([[np.nan] * 100] * 4)

    with monkeypatch.context() as context:
        context.setattr(trainer._pipeline, "initialize", diverge)
        with pytest.raises(FloatingPointError, match="a weight became NaN or infinite by step"):
            trainer.run(1)
    assert digest(trainer.run(2)) == digest(expected)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("sarsa", "unknown pipeline 'sarsa': expected one of dqn, reinforce, ppo, apo"),
        ("no_such_package.agents:Mine", "no module named 'no_such_package'"),
        ("tfrl.pipelines.dqn:Mine", "tfrl.pipelines.dqn has no 'Mine'"),
        ("collections:OrderedDict", "is not a subclass of tfrl.pipelines.Pipeline"),
        ("broken_syntax:Mine", "cannot be imported: SyntaxError: expected ':' ("),
        ("broken_config:Mine", "broken_config.py, line 4)"),
        ("broken_import:Mine", "ModuleNotFoundError: No module named 'not_there'"),
    ],
)
def test_invalid_reference_raises_lookup_error(reference, message, tmp_path, monkeypatch):
    (tmp_path / "broken_syntax.py").write_text("def learn()\n    pass\n")
    without_default = "@dataclasses.dataclass\nclass A:\n    b: int = 1\n    c: int\n"
    (tmp_path / "broken_config.py").write_text(f"import dataclasses\n\n\n{without_default}")
    (tmp_path / "broken_import.py").write_text("import not_there\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LookupError) as error:
        pipelines.resolve(reference)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("name", "hyperparameters", "message"),
    [
        ("dqn", {"learning_rate": -1.0}, "learning_rate must be > 0, got -1.0"),
        ("dqn", {"fc_layer_params": (8, 0)}, r"fc_layer_params must be > 0, got \(8, 0\)"),
        ("dqn", {"initial_collect_steps": 1_000}, "must be below the 1000 environment steps"),
        ("reinforce", {"gamma": 1.5}, r"gamma must be in \[0, 1\], got 1.5"),
        ("ppo", {"minibatch_size": 100}, "must divide the 256 frames of a rollout, got 100"),
        ("ppo", {"gradient_clipping": -0.5}, "gradient_clipping must be >= 0, got -0.5"),
        ("apo", {"anchor_loss_type": "up"}, "one of best_to_theta, .*, cross_entropy, got 'up'"),
        ("apo", {"anchor_selection": "worst"}, "must be one of best, random, got 'worst'"),
        ("apo", {"stock_agent": True}, "stock_agent must be false"),
        ("ppo", {"stock_agent": True, "policy_l2_reg": 0.1}, "policy_l2_reg .* must be 0 with"),
    ],
)
def test_invalid_hyperparameters_raise_value_error(name, hyperparameters, message):
    with pytest.raises(ValueError, match=message):
        build(name, **hyperparameters)
