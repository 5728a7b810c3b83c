"""Gymnasium's environments as a reference for those in the graph."""

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
import numpy as np
import scipy.stats
import tensorflow as tf
from tf_agents.trajectories import StepType

from tfrl.environments import GraphEnvironment

Actions = Callable[[np.random.Generator, np.ndarray], np.ndarray]  # of the states [B, S]: [B]


def random_actions(num_actions: int) -> Actions:
    """Every action as likely as any other."""
    return lambda rng, state: rng.integers(0, num_actions, len(state))


def balancing_actions(rng, state):
    """Pushes under CartPole's falling pole, now and then at random; holds for hundreds of steps."""
    push = state @ np.array([0.1, 0.3, 1.0, 0.4]) > 0
    return np.where(rng.random(len(state)) < 0.02, rng.integers(0, 2, len(state)), push)


def swinging_actions(rng, state):
    """Pushes MountainCar's car or Acrobot's joint the way it moves; reaches the goal."""
    return np.where(state[:, -1] < 0, 0, 2)


@dataclass(frozen=True)
class Outcome:
    """What one step led to, in each of `N` environments."""

    state: np.ndarray  # [N, S]
    observation: np.ndarray  # [N, ...]
    reward: np.ndarray  # [N]
    terminated: np.ndarray  # [N]


class Reference:
    """Single steps of Gymnasium's own dynamics, from any states, with any constants."""

    def __init__(self, environment_id: str):
        self._environment = gymnasium.make(environment_id).unwrapped
        self._environment.reset()

    def step(self, states, constants, actions) -> Outcome:
        """Steps from `states` `[N, S]` with `constants` `[N, P]` by `actions` `[N]`."""
        steps = zip(states, constants, actions, strict=True)
        return Outcome(*map(np.array, zip(*(self._step(*step) for step in steps), strict=True)))

    def _step(self, state, constants, action):
        environment = self._environment
        for name, value in self._attributes(*constants).items():
            assert hasattr(environment, name)
            setattr(environment, name, float(value))
        environment.state = np.array(state)
        environment.steps_beyond_terminated = None  # CartPole's: it did not fall before
        observation, reward, terminated, _, _ = environment.step(int(action))
        return environment.state, observation, reward, terminated

    def _attributes(self, *constants):
        match type(self._environment).__name__:
            case "CartPoleEnv":
                force, length, mass = constants
                return {
                    "force_mag": force,
                    "length": length,
                    "masspole": mass,
                    "total_mass": self._environment.masscart + mass,
                    "polemass_length": mass * length,
                }
            case "MountainCarEnv":
                force, mass = constants
                return {"force": force, "gravity": mass}
            case "AcrobotEnv":
                length, mass, inertia = constants
                return {
                    "LINK_LENGTH_1": length,
                    "LINK_LENGTH_2": length,
                    "LINK_MASS_1": mass,
                    "LINK_MASS_2": mass,
                    "LINK_MOI": inertia,
                }


def compiled(environment: GraphEnvironment):
    """The environment's step as training runs it."""
    return tf.function(environment.step, jit_compile=True)


@dataclass
class Seen:
    """How much was compared."""

    steps: int = 0
    terminated: int = 0
    truncated: int = 0


def assert_step_agrees(environment, expected: Outcome, which=slice(None), truncated=False):
    """The last step of the environments chosen by `which` led to what was expected."""
    time_step = tf.nest.map_structure(lambda x: x.numpy()[which], environment.current_time_step())
    state = environment.state.numpy()[which]
    np.testing.assert_allclose(state, expected.state, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(time_step.observation, expected.observation, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(time_step.reward, expected.reward)
    np.testing.assert_array_equal(time_step.discount, np.where(expected.terminated, 0.0, 1.0))
    ended = expected.terminated | truncated
    np.testing.assert_array_equal(time_step.step_type, np.where(ended, StepType.LAST, StepType.MID))


def assert_every_step_agrees(
    environment: GraphEnvironment, environment_id: str, actions: Actions, num_steps: int
) -> Seen:
    """Plays `num_steps` from a reset on and checks each environment's steps against Gymnasium's.

    Gymnasium starts every step from the state here, so that rounding errors do not grow.
    """
    rng, reference, seen = np.random.default_rng(0), Reference(environment_id), Seen()
    step, time_step = compiled(environment), environment.reset()
    elapsed = np.zeros(environment.batch_size, int)
    for _ in range(num_steps):
        plays = ~time_step.is_last().numpy()
        state, constants = environment.state.numpy(), environment.constants.numpy()
        action = actions(rng, state)
        time_step = step(tf.constant(action, tf.int64))
        elapsed = np.where(plays, elapsed + 1, 0)
        truncated = elapsed[plays] == environment.time_limit
        if plays.any():
            expected = reference.step(state[plays], constants[plays], action[plays])
            assert_step_agrees(environment, expected, plays, truncated)
            seen.steps += np.sum(plays)
            seen.terminated += np.sum(expected.terminated)
            seen.truncated += np.sum(truncated & ~expected.terminated)
    return seen


def assert_free_running_agrees(
    environment: GraphEnvironment, environment_id: str, actions: Actions, num_steps: int
) -> None:
    """Plays episodes side by side with Gymnasium's from the same starts, of `num_steps` at most."""
    rng, step = np.random.default_rng(0), compiled(environment)
    references = {b: gymnasium.make(environment_id) for b in range(environment.batch_size)}
    for reference, state in zip(references.values(), environment.state.numpy(), strict=True):
        reference.reset()
        reference.unwrapped.state = state
    for _ in range(num_steps):
        action = actions(rng, environment.state.numpy())
        time_step = tf.nest.map_structure(np.array, step(tf.constant(action, tf.int64)))
        for b, reference in list(references.items()):
            observation, reward, terminated, truncated, _ = reference.step(int(action[b]))
            np.testing.assert_allclose(time_step.observation[b], observation, rtol=0, atol=1e-6)
            assert time_step.reward[b] == reward
            assert (time_step.step_type[b] == StepType.LAST) == (terminated or truncated)
            if terminated or truncated:
                del references[b]


def assert_specs_agree(environment: GraphEnvironment, environment_id: str) -> None:
    """Shapes, types, actions and the time limit are Gymnasium's."""
    reference = gymnasium.make(environment_id)
    assert environment.observation_spec().shape == reference.observation_space.shape
    assert environment.observation_spec().dtype == reference.observation_space.dtype
    spec = environment.action_spec()
    assert (spec.minimum, spec.maximum) == (0, reference.action_space.n - 1)
    assert environment.time_limit == reference.spec.max_episode_steps


def assert_uniform(sample: np.ndarray, low: float, high: float) -> None:
    """The sample `[N]` is spread evenly over all of the interval, save for rounding at its ends."""
    assert low - 1e-8 < sample.min() and sample.max() < high + 1e-8
    assert scipy.stats.kstest(sample, scipy.stats.uniform(low, high - low).cdf).pvalue > 1e-3
