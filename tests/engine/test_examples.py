"""The examples, as a user would run them."""

from pathlib import Path

import gymnasium
import numpy as np
import pytest
import tensorflow as tf
from gymnasium.utils import env_checker
from tf_agents.trajectories import time_step as ts

from examples import a2c, catch, ppo_from_scratch, ppo_value_clipping
from examples.expected_sarsa import ExpectedSarsaPipeline
from tests.engine.one_run import digest
from tfrl import pipelines, training
from tfrl.environments import CartPole
from tfrl.environments.check import check


def make(pipeline=ExpectedSarsaPipeline, **config):
    return pipeline(lambda batch: CartPole(batch_size=batch), pipeline.Config(**config), 1_000)


def trained(pipeline, steps, environment="CartPole-v1", **config):
    """A run, made twice, whose two results have equal bits."""
    trainer = training.Trainer(pipeline, pipeline.Config(**config), environment, steps, steps, 10)
    result = trainer.run(0)
    assert digest(trainer.run(0)) == digest(result)
    return result


def test_each_example_is_short():
    folder = Path(catch.__file__).parent
    lengths = {file.name: len(file.read_text().splitlines()) for file in folder.glob("*.py")}
    assert lengths.pop("ppo_from_scratch.py") < 250
    assert [name for name, length in lengths.items() if length >= 100] == []
    assert all((folder / name).with_suffix(".toml").is_file() for name in lengths)


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
def test_the_target_of_expected_sarsa_is_the_mean_over_the_exploring_policy(epsilon):
    pipeline = make(initial_epsilon=epsilon, epsilon_greedy=epsilon)
    pipeline.initialize(1)
    pipeline.episode_log.environment_steps.assign(500)  # no longer at random
    observations = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    values, _ = pipeline.networks[0](observations)
    chosen = tf.one_hot(tf.argmax(values, -1), 2)
    probabilities = (1 - epsilon) * chosen + epsilon / 2
    expected = tf.reduce_sum(probabilities * values, -1)
    found = pipeline.agent._compute_next_q_values(ts.restart(observations, 5), ())
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.slow
def test_expected_sarsa_acts_by_what_it_has_learned():
    """Its collector once acted for ever by an agent that was not trained."""
    returns = trained(ExpectedSarsaPipeline, 20_000).episodes["return"]
    assert returns[-10:].mean() > 3 * returns[:10].mean()


def test_the_loss_of_a2c_is_what_its_equation_says():
    pipeline = make(a2c.A2cPipeline, num_environments=3, collect_sequence_length=40)
    pipeline.initialize(2)
    experience, agent = pipeline.collector.collect(), pipeline.agent
    assert np.any(experience.is_boundary())
    values = agent._value_net(experience.observation, experience.step_type)[0].numpy()
    policy = agent._actor_net(experience.observation, experience.step_type, ())[0]
    probability = tf.nn.softmax(policy.logits).numpy()
    losses = []
    for b, t in np.argwhere(~experience.is_boundary().numpy()[:, :-1]):
        returned, factor, k = 0.0, 1.0, t
        while True:
            returned += factor * float(experience.reward[b, k])
            factor *= 0.99
            if experience.is_last()[b, k] or k == 39:
                break
            k += 1
        returned += factor * float(experience.discount[b, k]) * values[b, k + 1]
        advantage = returned - values[b, t]
        chosen = probability[b, t, int(experience.action[b, t])]
        losses.append(-advantage * np.log(chosen) + 0.5 * advantage**2)
    assert float(agent.train(experience).loss) == pytest.approx(np.mean(losses), rel=1e-4)


@pytest.mark.slow
def test_a2c_learns():
    returns = trained(a2c.A2cPipeline, 60_000).episodes["return"]
    assert returns[-10:].mean() > 5 * returns[:10].mean()


def test_the_entropy_bonus_falls_to_nothing_and_values_are_clipped():
    pipeline = make(ppo_value_clipping.ValueClippingPipeline, entropy_regularization=0.5)
    agent = pipeline.agent
    assert agent._value_clipping == 0.2
    step = ts.restart(np.zeros([1, 4], np.float32), 1)
    policy = agent.actor_net(step.observation, step.step_type, ())[0]
    bonus = {}
    for steps in (0, 500, 1_000):
        pipeline.episode_log.environment_steps.assign(steps)
        bonus[steps] = float(
            agent.entropy_regularization_loss(step, policy.entropy(), tf.ones([1]))
        )
    assert bonus[0] < -0.3  # half the entropy of two actions, 0.69 nats at most
    assert bonus[500] == pytest.approx(bonus[0] / 2)
    assert bonus[1_000] == 0


@pytest.mark.slow
def test_ppo_with_clipped_values_learns():
    returns = trained(ppo_value_clipping.ValueClippingPipeline, 20_000).episodes["return"]
    assert returns[-10:].mean() > 3 * returns[:10].mean()


def test_catch_is_an_environment_as_gymnasium_and_tfrl_check_it():
    env_checker.check_env(gymnasium.make("Catch-v0").unwrapped, skip_render_check=True)
    check("examples.catch:Catch-v0")
    env = gymnasium.make("Catch-v0")
    for level in range(20):
        (row, ball, paddle), _ = env.reset(seed=level)
        ended, total = False, 0.0
        while not ended:
            observation, reward, ended, truncated, _ = env.step(1 + np.sign(ball - paddle))
            (row, ball, paddle), total = observation, total + reward
            assert not truncated
        assert (row, total) == (1, 1.0)


@pytest.mark.slow
def test_an_agent_learns_to_catch():
    pipeline = pipelines.resolve("ppo")
    result = trained(pipeline, 20_480, "gymnasium:examples.catch:Catch-v0")
    assert result.evaluations["return"][-10:].mean() > 0.5


@pytest.mark.slow
def test_ppo_from_scratch_learns(capsys, monkeypatch):
    monkeypatch.setattr(ppo_from_scratch, "NUM_ROLLOUTS", 200)
    ppo_from_scratch.main(seed=0)
    returns = [int(line.rpartition(" ")[2]) for line in capsys.readouterr().out.splitlines()]
    assert len(returns) == 10
    assert returns[-1] > max(3 * returns[0], 100)
