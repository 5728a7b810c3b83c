"""Checks a Gymnasium environment before anything is trained in it."""

from typing import Any

import gymnasium
import numpy as np

from tfrl.environments import suite_gymnasium
from tfrl.environments.gymnasium_wrapper import seed_global_generators
from tfrl.user_code import sentence

_STEPS = 200
_LEVEL = 7  # any


def check(environment_name: str) -> None:
    """Plays the same level twice with the same actions.

    Raises:
      LookupError: with one sentence, if what the environment gave differs, is not what its spaces
        declare, or is not of Gymnasium's API.
    """
    env = _make(environment_name)
    try:
        first, second = (_played(env, environment_name) for _ in range(2))
    finally:
        env.close()
    for step, (one, other) in enumerate(zip(first, second, strict=False)):
        for name in one:
            if not np.array_equal(one[name], other[name], equal_nan=True):
                raise LookupError(
                    f"{environment_name} does not repeat itself: with one seed and the same "
                    f"actions its {name} at step {step} was {one[name]}, then {other[name]}. It "
                    "must draw from self.np_random alone"
                )


def _make(environment_name: str) -> gymnasium.Env:
    try:
        wrapper = suite_gymnasium.load(environment_name)
    except (LookupError, ValueError):
        raise
    except Exception as error:  # of the module or the constructor, which are the user's
        raise LookupError(f"{environment_name} cannot be made: {sentence(error)}") from None
    env: gymnasium.Env = wrapper.gym.envs[0].env
    return env


def _played(env: gymnasium.Env, name: str) -> list[dict[str, Any]]:
    """What each step gave, until the episode ends."""
    seed_global_generators(0)
    actions = np.random.default_rng(0)
    given = _call(env.reset, name, "reset", 2, seed=_LEVEL)
    seen = [{"observation": _fitting(given[0], env, name, 0)}]
    for step in range(1, _STEPS + 1):
        action = _action(env.action_space, actions)
        observation, reward, terminated, truncated, _ = _call(env.step, name, "step", 5, action)
        if not _is_finite(reward):
            raise LookupError(f"{name} gave the reward {reward!r} at step {step}")
        seen.append(
            {
                "observation": _fitting(observation, env, name, step),
                "reward": reward,
                "terminated": terminated,
            }
        )
        if terminated or truncated:
            break
    return seen


def _action(space: gymnasium.Space, random: np.random.Generator) -> Any:
    if isinstance(space, gymnasium.spaces.Discrete):
        return space.start + random.integers(space.n)
    space.seed(int(random.integers(2**31)))
    return space.sample()


def _call(function: Any, name: str, method: str, length: int, *args: Any, **kwargs: Any) -> Any:
    """Calls a method of the environment, which returns a tuple of this length."""
    try:
        given = function(*args, **kwargs)
    except Exception as error:  # whatever the user's code may raise
        hint = ""
        if "unpack" in str(error) or "unexpected keyword argument" in str(error):
            hint = f". In Gymnasium's API {method} returns {length} values; is this Gym's old one?"
        raise LookupError(f"{name}: {method} failed: {sentence(error)}{hint}") from None
    if not isinstance(given, tuple) or len(given) != length:
        got = f"{len(given)} values" if isinstance(given, tuple) else type(given).__name__
        raise LookupError(
            f"{name}: {method} returned {got}: in Gymnasium's API it is {length} values"
        )
    return given


def _is_finite(reward: Any) -> bool:
    try:
        return bool(np.isfinite(np.asarray(reward, float)).all())
    except (TypeError, ValueError):  # no number
        return False


def _fitting(observation: Any, env: gymnasium.Env, name: str, step: int) -> np.ndarray:
    """A copy of the observation, if it is of the type and shape that its space declares."""
    space = env.observation_space
    array = np.array(observation)
    declared = f"{space.dtype} of shape {space.shape}"
    same_kind = np.can_cast(array.dtype, space.dtype, "same_kind")
    if array.shape != space.shape or not same_kind:
        raise LookupError(
            f"{name} gave an observation of type {array.dtype} and shape {array.shape} at step "
            f"{step}: its space declares {declared}"
        )
    if not np.isfinite(array).all():
        raise LookupError(f"{name} gave an observation that is not finite at step {step}: {array}")
    low, high = getattr(space, "low", -np.inf), getattr(space, "high", np.inf)  # of a Box
    if np.any((array < low) | (array > high)):
        raise LookupError(f"{name} gave the observation {array} at step {step}, out of {space}")
    if isinstance(space, gymnasium.spaces.Discrete) and not space.contains(observation):
        raise LookupError(
            f"{name} gave the observation {observation} at step {step}, out of {space}"
        )
    return array
