"""Compares the adapter with Gymnasium, and uses it with TF-Agents."""

import random

import gymnasium
import numpy as np
import pytest
import tensorflow as tf
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from tf_agents.drivers import py_driver
from tf_agents.environments import tf_py_environment
from tf_agents.environments import utils as environment_utils
from tf_agents.metrics import py_metrics
from tf_agents.policies import random_py_policy
from tf_agents.trajectories import StepType

from tests.engine import chain
from tfrl import environments
from tfrl.environments import gymnasium_wrapper, suite_gymnasium
from tfrl.variations import FIRST_TEST_LEVEL

BATCH, STEPS, LIMIT = 3, 300, 20


def plain_loop(envs, levels, actions):
    """Yields the results of Gymnasium's own environments, each reset in its next level."""
    observations = [env.reset(seed=next(levels[b]))[0] for b, env in enumerate(envs)]
    ended = [False] * len(envs)
    yield StepType.FIRST, 0.0, 1.0, observations
    for action in actions:
        rows = []
        for b, env in enumerate(envs):
            if ended[b]:
                rows.append((env.reset(seed=next(levels[b]))[0], 0.0, False, False, StepType.FIRST))
            else:
                observation, reward, terminated, truncated, _ = env.step(action[b])
                kind = StepType.LAST if terminated or truncated else StepType.MID
                rows.append((observation, reward, terminated, truncated, kind))
            ended[b] = rows[b][2] or rows[b][3]
        observations, rewards, terminated, _, kinds = zip(*rows, strict=True)
        yield kinds, rewards, np.where(terminated, 0.0, 1.0), observations


@pytest.mark.parametrize("environment_id", ["CartPole-v1", "LunarLander-v3"])
def test_every_step_equals_gymnasiums(environment_id):
    environment = suite_gymnasium.load(environment_id, BATCH, seed=5, max_episode_steps=LIMIT)
    actions = np.random.default_rng(0).integers(0, 2, size=(STEPS, BATCH))
    draw = gymnasium_wrapper.level_sampler(5, FIRST_TEST_LEVEL, BATCH)
    envs = [gymnasium.make(environment_id, max_episode_steps=LIMIT) for _ in range(BATCH)]
    levels = [iter(lambda b=b: draw(b), None) for b in range(BATCH)]
    expected = plain_loop(envs, levels, actions)
    time_steps = [environment.reset(), *map(environment.step, actions)]
    for time_step, (kinds, rewards, discounts, observations) in zip(
        time_steps, expected, strict=True
    ):
        np.testing.assert_array_equal(time_step.step_type, kinds)
        np.testing.assert_array_equal(time_step.reward, np.float32(rewards))
        np.testing.assert_array_equal(time_step.discount, discounts)
        np.testing.assert_array_equal(time_step.observation, observations)
    ends = [time_step.discount[time_step.is_last()] for time_step in time_steps]
    if environment_id == "CartPole-v1":  # both ways to end
        assert set(np.concatenate(ends)) == {0.0, 1.0}
    assert len(np.concatenate(ends)) > STEPS * BATCH / LIMIT / 2


def test_later_steps_do_not_change_returned_time_steps():
    environment = suite_gymnasium.load("CartPole-v1", BATCH)
    first = environment.reset()
    kept = tuple(np.array(x) for x in first)
    for _ in range(30):
        environment.step(np.zeros(BATCH, int))
    tf.nest.map_structure(np.testing.assert_array_equal, tuple(first), kept)


def test_the_wrapper_is_a_valid_tf_agents_environment():
    environment = suite_gymnasium.load("CartPole-v1", BATCH, discount=0.5)
    environment_utils.validate_py_environment(environment, episodes=3)
    length = py_metrics.AverageEpisodeLengthMetric(batch_size=BATCH)
    policy = random_py_policy.RandomPyPolicy(
        environment.time_step_spec(), environment.action_spec()
    )
    py_driver.PyDriver(environment, policy, [length], max_episodes=20).run(environment.reset())
    assert 10 < length.result() < 50
    in_graph = tf_py_environment.TFPyEnvironment(environment)
    in_graph.reset()
    time_step = in_graph.step(tf.zeros([BATCH], tf.int64))
    assert time_step.observation.shape == [BATCH, 4]
    assert np.all(time_step.discount == 0.5)


class Spaces(gymnasium.Env):
    """An environment with the given spaces."""

    def __init__(self, observation_space, action_space=None):
        self.observation_space = observation_space
        self.action_space = action_space or gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return self.observation_space.sample(), 1.0, self.np_random.random() < 0.2, False, {}


@pytest.mark.parametrize(
    ("space", "shape", "dtype", "minimum", "maximum"),
    [
        (gymnasium.spaces.Discrete(4, start=-2), (), np.int64, -2, 1),
        (gymnasium.spaces.Box(-2, 3, (2, 5), np.float32), (2, 5), np.float32, -2, 3),
        (gymnasium.spaces.Box(0, 255, (7,), np.uint8), (7,), np.uint8, 0, 255),
        (gymnasium.spaces.MultiBinary([3, 2]), (3, 2), np.int8, 0, 1),
    ],
)
def test_spaces_become_specs(space, shape, dtype, minimum, maximum):
    environment = suite_gymnasium.wrap_env([Spaces(space) for _ in range(BATCH)])
    environment_utils.validate_py_environment(environment, episodes=2)
    acting = suite_gymnasium.wrap_env(Spaces(space, space))
    for spec in (environment.observation_spec(), acting.action_spec()):
        assert (spec.shape, spec.dtype) == (shape, dtype)
        assert np.all(spec.minimum == minimum) and np.all(spec.maximum == maximum)


@pytest.mark.parametrize(
    "space",
    [
        gymnasium.spaces.MultiDiscrete([2, 3]),
        gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(2)]),
        gymnasium.spaces.Dict({"a": gymnasium.spaces.Discrete(2)}),
        gymnasium.spaces.Text(3),
    ],
)
def test_other_spaces_are_errors(space):
    with pytest.raises(ValueError, match="observation space must be Discrete, Box or MultiBinary"):
        suite_gymnasium.wrap_env(Spaces(space))
    with pytest.raises(ValueError, match="action space must be Discrete"):
        suite_gymnasium.wrap_env(Spaces(gymnasium.spaces.Discrete(2), space))


def test_a_vector_environment_must_reset_in_the_next_step():
    def make(mode):
        return SyncVectorEnv([lambda: gymnasium.make("CartPole-v1")] * 2, autoreset_mode=mode)

    environment = suite_gymnasium.wrap_env(make(AutoresetMode.NEXT_STEP), seed=4)
    environment_utils.validate_py_environment(environment, episodes=2)
    draw = gymnasium_wrapper.level_sampler(9, FIRST_TEST_LEVEL, 2)
    environment.seed(9)
    expected = [gymnasium.make("CartPole-v1").reset(seed=draw(b))[0] for b in range(2)]
    np.testing.assert_array_equal(environment.reset().observation, expected)
    with pytest.raises(ValueError, match=r"must use .*NEXT_STEP, got .*SAME_STEP"):
        suite_gymnasium.wrap_env(make(AutoresetMode.SAME_STEP))


def test_wrappers_are_applied_to_each_environment_innermost_first():
    environment = suite_gymnasium.load(
        "CartPole-v1",
        BATCH,
        gym_env_wrappers=[
            lambda env: gymnasium.wrappers.TransformReward(env, lambda reward: reward + 1),
            lambda env: gymnasium.wrappers.TransformReward(env, lambda reward: reward * 10),
        ],
    )
    environment.reset()
    assert environment.step(np.zeros(BATCH, int)).reward.tolist() == [20.0] * BATCH


def starts(environment, num_steps=200):
    """Returns the first observations of episodes, by environment."""
    time_steps = [environment.reset()]
    time_steps += [environment.step(np.zeros(BATCH, int)) for _ in range(num_steps)]
    return [[t.observation[b] for t in time_steps if t.is_first()[b]] for b in range(BATCH)]


def test_levels_depend_on_the_seed_alone():
    environment = suite_gymnasium.load("CartPole-v1", BATCH, seed=1)
    first = starts(environment)
    environment.seed(2)
    assert not np.isin(np.concatenate(starts(environment)), np.concatenate(first)).any()
    environment.seed(1)
    for before, again in zip(first, starts(environment), strict=True):
        np.testing.assert_array_equal(before, again)
    assert len(np.unique(np.concatenate(first), axis=0)) == sum(map(len, first)) > 3 * BATCH


def test_levels_are_gymnasiums_seeds():
    environment = suite_gymnasium.load("CartPole-v1", BATCH)
    environment.seed(3, num_levels=4)
    seen = np.unique(np.concatenate(starts(environment)), axis=0)
    expected = [gymnasium.make("CartPole-v1").reset(seed=level)[0] for level in range(4)]
    np.testing.assert_array_equal(seen, np.unique(expected, axis=0))


def test_no_global_generator_is_used():
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()  # noqa: NPY002
    starts(suite_gymnasium.load("LunarLander-v3", BATCH, seed=1))
    after = random.getstate(), np.random.get_state()  # noqa: NPY002
    assert repr(before) == repr(after)


@pytest.mark.parametrize(
    ("environment_id", "message"),
    [
        ("gymnasium:Pong-v99", "Gymnasium cannot make 'Pong-v99': Environment `Pong` doesn't"),
        ("gymnasium:CartPole-v9", "provides versioned environments"),
        ("gymnasium:CartPole", "'CartPole' has no version: expected CartPole-v1"),
        ("gymnasium:ALE/Pong-v5", "Have you installed the proper package for ALE?"),
        ("gymnasium:no_such_module:Env-v0", "No module named 'no_such_module'"),
        (
            "gymnasium:HalfCheetah-v5",
            "HalfCheetah-v5 requires a package that is not installed: MuJoCo",
        ),
        ("gymnasium:Pendulum-v1", "expected one discrete action"),
        ("gymnasium:CliffWalking-v1", "CliffWalking-v1 has no time limit"),
        ("gymnasium:Blackjack-v1", "observation space must be Discrete, Box or MultiBinary"),
        ("LunarLander-v3", 'a Gymnasium environment as "gymnasium:LunarLander-v3"'),
    ],
)
def test_unusable_environments_are_errors_of_one_sentence(environment_id, message):
    with pytest.raises(LookupError) as caught:
        environments.load(environment_id)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        ("x86_64", 'requires Box2D: install tfrl with its extra "box2d"'),
        ("arm64", 'requires Box2D: install tfrl with its extra "box2d"'),  # macOS has a wheel
        ("aarch64", "requires Box2D, which has no package for Linux on ARM"),
    ],
)
def test_without_box2d_the_message_says_how_to_install_it(monkeypatch, machine, sentence):
    def make(*_, **__):
        raise gymnasium.error.DependencyNotInstalled("Box2D is not installed, you can ...")

    monkeypatch.setattr(gymnasium, "make", make)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(LookupError) as caught:
        environments.load("gymnasium:LunarLander-v3")
    assert str(caught.value).endswith(f"LunarLander-v3 {sentence}")


def test_discrete_observations_are_one_hot():
    environment = environments.load("gymnasium:FrozenLake-v1", batch_size=2)
    assert environment.observation_spec() == tf.TensorSpec([16], tf.float32, "observation")
    for _ in range(20):
        time_step = environment.step(tf.constant([2, 1], tf.int64))
        value = environment.host.current_time_step().observation
        np.testing.assert_array_equal(time_step.observation, np.eye(16)[value])


def test_actions_start_at_0_and_observations_are_float32():
    environment = environments.load(chain.GYMNASIUM_ID, batch_size=2)
    spec = environment.action_spec()
    assert (spec.minimum, spec.maximum) == (0, 2)
    time_step = environment.step(tf.constant([0, 2], tf.int64))
    assert time_step.observation.dtype == tf.float32
    assert time_step.observation[:, 0].numpy().tolist() == [-0.25, 0.25]
    assert environment.time_limit == chain.TIME_LIMIT


def test_a_host_environment_cannot_be_stepped_in_a_graph():
    environment = environments.load("gymnasium:CartPole-v1")
    with pytest.raises(RuntimeError, match="cannot be stepped in it"):
        tf.function(environment.step)(tf.constant([0], tf.int64))


def test_a_custom_vector_environment_is_stepped_as_by_gymnasium():
    def make():
        return gymnasium.make_vec("CartPole-v1", 3, vectorization_mode="vector_entry_point")

    wrapped, plain = suite_gymnasium.wrap_env(make(), seed=5), make()
    level = gymnasium_wrapper.level_sampler(5, FIRST_TEST_LEVEL, 3)(0)
    expected, _ = plain.reset(seed=level)
    np.testing.assert_array_equal(wrapped.reset().observation, expected)
    action, seen = np.ones(3, np.int64), set()
    for _ in range(30):
        time_step = wrapped.step(action)
        observation, reward, terminated, truncated, _ = plain.step(action)
        np.testing.assert_array_equal(time_step.observation, observation)
        np.testing.assert_array_equal(time_step.reward, reward)
        np.testing.assert_array_equal(time_step.is_last(), terminated | truncated)
        seen.update(time_step.step_type.tolist())
    assert seen == {int(kind) for kind in (StepType.FIRST, StepType.MID, StepType.LAST)}
