"""Checks of a Gymnasium environment before training."""

from typing import Any

import gymnasium
import numpy as np

from tfrl.environments import suite_gymnasium
from tfrl.environments.gymnasium_wrapper import seed_global_generators
from tfrl.user_code import describe_error

_STEPS = 200
_LEVEL = 7  # arbitrary


def check(environment_name: str) -> None:
    """Plays the same level twice with the same actions, and checks the results.

    Raises:
      LookupError: the two episodes differ, a value is outside the environment's spaces, or the
        environment does not follow Gymnasium's API. The message is one sentence.
    """
    env = _make(environment_name)
    try:
        first, second = (_play(env, environment_name) for _ in range(2))
    finally:
        env.close()
    for step, (values, repeated) in enumerate(zip(first, second, strict=False)):
        for name, value in values.items():
            if not np.array_equal(value, repeated[name], equal_nan=True):
                raise LookupError(
                    f"{environment_name} is not deterministic: with the same seed and the same "
                    f"actions its {name} at step {step} was {value}, then {repeated[name]}. It "
                    "must draw from self.np_random only"
                )


def _make(environment_name: str) -> gymnasium.Env:
    try:
        wrapper = suite_gymnasium.load(environment_name)
    except (LookupError, ValueError):
        raise
    except Exception as error:  # the user's module or constructor may raise anything
        raise LookupError(
            f"{environment_name} cannot be created: {describe_error(error)}"
        ) from None
    env: gymnasium.Env = wrapper.gym.envs[0].env
    return env


def _play(env: gymnasium.Env, name: str) -> list[dict[str, Any]]:
    """Returns the checked results of each step of an episode, the reset first."""
    seed_global_generators(0)
    actions = np.random.default_rng(0)
    observation, _ = _call(env.reset, name, "reset", 2, seed=_LEVEL)
    results = [{"observation": _checked_observation(observation, env, name, 0)}]
    for step in range(1, _STEPS + 1):
        action = _action(env.action_space, actions)
        observation, reward, terminated, truncated, _ = _call(env.step, name, "step", 5, action)
        if not _is_finite(reward):
            raise LookupError(f"{name} gave the reward {reward!r} at step {step}")
        results.append(
            {
                "observation": _checked_observation(observation, env, name, step),
                "reward": reward,
                "terminated": terminated,
            }
        )
        if terminated or truncated:
            break
    return results


def _action(space: gymnasium.Space, random: np.random.Generator) -> Any:
    if isinstance(space, gymnasium.spaces.Discrete):
        return space.start + random.integers(space.n)
    space.seed(int(random.integers(2**31)))
    return space.sample()


def _call(function: Any, name: str, method: str, length: int, *args: Any, **kwargs: Any) -> Any:
    """Calls a method of the environment and checks that it returns a tuple of this length."""
    try:
        result = function(*args, **kwargs)
    except Exception as error:  # the user's code may raise anything
        hint = ""
        if "unpack" in str(error) or "unexpected keyword argument" in str(error):
            hint = f". In Gymnasium's API {method} returns {length} values; is this an old Gym API?"
        raise LookupError(f"{name}: {method} failed: {describe_error(error)}{hint}") from None
    if not isinstance(result, tuple) or len(result) != length:
        got = f"{len(result)} values" if isinstance(result, tuple) else type(result).__name__
        raise LookupError(
            f"{name}: {method} returned {got}, but Gymnasium's API requires {length} values"
        )
    return result


def _is_finite(reward: Any) -> bool:
    try:
        return bool(np.isfinite(np.asarray(reward, float)).all())
    except (TypeError, ValueError):  # not a number
        return False


def _checked_observation(observation: Any, env: gymnasium.Env, name: str, step: int) -> np.ndarray:
    """Returns a copy of the observation. Raises LookupError if it does not fit its space."""
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
        raise LookupError(f"{name} gave the observation {array} at step {step}, outside of {space}")
    if isinstance(space, gymnasium.spaces.Discrete) and not space.contains(observation):
        raise LookupError(
            f"{name} gave the observation {observation} at step {step}, outside of {space}"
        )
    return array
