"""Training in Gymnasium environments, outside the graph."""

import gymnasium
import numpy as np
import pandas as pd
import pytest
import scipy.stats

from tests.engine import chain
from tests.engine.one_run import digest
from tfrl import environments, pipelines, training
from tfrl.training.host_loop import MAX_PLAYED_AT_ONCE, HostLoop, play
from tfrl.variations import FIRST_TEST_LEVEL, LevelConfig

NAMES = tuple(pipelines.PIPELINES)
SHORT = {"dqn": {"replay_buffer_max_length": 1_000}}


def make_trainer(name, environment_id, steps=600, episodes=4, **hyperparameters):
    pipeline = pipelines.resolve(name)
    config = pipeline.Config(**SHORT.get(name, {}) | hyperparameters)
    return training.Trainer(pipeline, config, environment_id, steps, steps // 2, episodes)


def weights(trainer):
    return [w.numpy() for net in trainer._pipeline.networks for w in net.variables]


@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        ("dqn", {}),
        pytest.param(
            "dqn", {"num_environments": 3, "initial_collect_steps": 20}, marks=pytest.mark.slow
        ),
        pytest.param("reinforce", {"use_value_network": True}, marks=pytest.mark.slow),
        pytest.param("ppo", {}, marks=pytest.mark.slow),
        pytest.param(
            "ppo", {"collect_sequence_length": 1, "num_epochs": 2}, marks=pytest.mark.slow
        ),
        pytest.param("apo", {"num_epochs": 5}, marks=pytest.mark.slow),
    ],
)
def test_training_equals_training_in_the_graph(monkeypatch, name, hyperparameters):
    """A single different frame would lead to different weights."""
    monkeypatch.setitem(environments.IN_GRAPH, chain.ID, chain.GraphChain)
    trainers = [
        make_trainer(name, environment_id, **hyperparameters)
        for environment_id in (chain.ID, chain.GYMNASIUM_ID)
    ]
    results = [trainer.run(3) for trainer in trainers]
    for tables in ("episodes", "evaluations"):
        in_graph, on_host = (pd.DataFrame(getattr(result, tables)) for result in results)
        assert len(in_graph) > 20
        pd.testing.assert_frame_equal(in_graph, on_host, check_dtype=False)
    assert results[0].updates == results[1].updates > 0
    for in_graph, on_host in zip(*map(weights, trainers), strict=True):
        np.testing.assert_allclose(in_graph, on_host, rtol=1e-3, atol=1e-5)


SHORTEST_FIRST = [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])]


@pytest.fixture(scope="module", params=SHORTEST_FIRST)
def lander(request):
    """A trainer in LunarLander-v3, and its results for seeds 1 and 2."""
    trainer = make_trainer(request.param, "gymnasium:LunarLander-v3")
    return trainer, [trainer.run(seed) for seed in (1, 2)]


def test_run_is_a_pure_function_of_seed_and_levels(lander):
    trainer, (first, second) = lander
    two_levels = trainer.run(1, LevelConfig(levels=2))
    assert len({digest(result) for result in (first, second, two_levels)}) == 3
    assert digest(trainer.run(1)) == digest(first)


def test_tables_are_consistent(lander):
    _, (result, _) = lander
    episodes, evaluations = pd.DataFrame(result.episodes), pd.DataFrame(result.evaluations)
    assert episodes["step"].is_monotonic_increasing and len(episodes)
    assert np.isfinite(episodes["return"]).all() and episodes["length"].between(1, 1_000).all()
    counts = evaluations.groupby(["step", "split", "variation", "policy"]).size()
    assert set(counts) == {4} and len(counts) == 3 * 2 * 2
    assert set(evaluations["split"]) == {"training", "held-out"}
    held_out = evaluations["level"] >= FIRST_TEST_LEVEL
    assert ((evaluations["split"] == "held-out") == held_out).all()
    assert result.updates > 0 and set(result.timings) == {"compile", "train", "evaluate"}


@pytest.mark.slow
def test_one_compiled_call_per_vector_step():
    trainer = make_trainer("ppo", chain.GYMNASIUM_ID, num_epochs=2)
    loop, counts = trainer._loop, {"calls": 0, "steps": 0}
    host = loop._environment.host

    def counted(function, key):
        def call(*args):
            counts[key] += 1
            return function(*args)

        return call

    loop._act = counted(loop._act, "calls")
    loop._complete[True] = counted(loop._complete[True], "calls")
    host.step = counted(host.step, "steps")
    result = trainer.run(0)
    assert result.updates > 0
    assert counts["calls"] == 1 + counts["steps"] > 600 / 8  # one call precedes the first step


class Wearing(chain.GymnasiumChain):
    """A faulty environment that keeps state across resets: each step lowers later rewards."""

    def __init__(self):
        self._wear = 0

    def step(self, action):
        self._wear += 1
        observation, reward, *rest = super().step(action)
        return observation, reward - 0.01 * self._wear, *rest


gymnasium.register("Wearing-v0", Wearing, max_episode_steps=chain.TIME_LIMIT)


@pytest.mark.slow
def test_state_that_survives_resets_does_not_reach_the_next_run():
    trainer = make_trainer("ppo", "gymnasium:tests.engine.test_host_training:Wearing-v0")
    first = trainer.run(1)
    trainer.run(2)
    assert digest(trainer.run(1)) == digest(first)


@pytest.mark.slow
def test_held_out_levels_are_never_trained_on(monkeypatch):
    trainer = make_trainer("ppo", chain.GYMNASIUM_ID)
    host = trainer._loop._environment.host
    trained: list[int] = []
    seeds: list[int] = []
    monkeypatch.setattr(chain.GymnasiumChain, "seeds", seeds, raising=False)
    step, reset = host.step, host.reset

    def recorded(call):
        def wrapper(*args):
            before = len(seeds)
            time_step = call(*args)
            trained.extend(seeds[before:])
            return time_step

        return wrapper

    monkeypatch.setattr(host, "step", recorded(step))
    monkeypatch.setattr(host, "reset", recorded(reset))
    for level_config in (LevelConfig(), LevelConfig(levels=5)):
        trained.clear()
        seeds.clear()
        table = pd.DataFrame(trainer.run(1, level_config).evaluations)
        assert len(trained) > 50 and max(trained) < level_config.num_levels
        evaluated = table.groupby("split")["level"].agg(set)
        assert set(seeds) - set(trained) <= evaluated["training"] | evaluated["held-out"]
        assert evaluated["held-out"] <= set(seeds)
        assert not evaluated["held-out"] & set(trained)
    assert set(trained) == evaluated["training"] == set(range(5))


def test_results_of_play_do_not_depend_on_the_number_of_environments():
    levels = FIRST_TEST_LEVEL + np.arange(2 * MAX_PLAYED_AT_ONCE + 3)
    results = []
    for batch_size in (1, MAX_PLAYED_AT_ONCE):
        environment = environments.load("gymnasium:CartPole-v1", batch_size=batch_size)

        def choose(packed, environment=environment):  # pushes the cart under the falling pole
            observation = environment.unpacked(packed).observation.numpy()
            return [(observation[:, 2] > 0).astype(int)]

        results.append(play(environment, choose, levels))
    (returns, lengths), (batched_returns, batched_lengths) = results
    np.testing.assert_array_equal(returns, batched_returns)
    np.testing.assert_array_equal(lengths, batched_lengths)
    np.testing.assert_array_equal(returns, lengths)
    assert len(np.unique(lengths)) > 10


@pytest.mark.slow
def test_discrete_observations_can_be_trained_on():
    trainer = make_trainer("reinforce", "gymnasium:FrozenLake-v1", 300)
    assert isinstance(trainer._loop, HostLoop)
    result = trainer.run(0)
    assert set(result.episodes["return"]) <= {0.0, 1.0}


@pytest.mark.study
def test_ppo_learns_cartpole_as_fast_as_in_the_graph():
    """A t-test finds no difference in the number of training episodes."""
    areas = []
    for environment_id in ("CartPole-v1", "gymnasium:CartPole-v1"):
        trainer = training.Trainer(
            pipelines.resolve("ppo"),
            pipelines.resolve("ppo").Config(),
            environment_id,
            num_environment_steps=30_000,
            evaluation_every=30_000,
            evaluation_episodes=20,
        )
        results = [trainer.run(seed) for seed in range(8)]
        areas.append([len(r.episodes["return"]) for r in results])
        final = [r.episodes["return"][-20:].mean() for r in results]
        assert np.mean(final) > 100
    assert scipy.stats.ttest_ind(*areas, equal_var=False).pvalue > 0.01
