"""Gymnasium environments as batched environments of TF-Agents: `load` and `wrap_env`.

TF-Agents' own `suite_gym` loads environments of the old Gym. It has no suite for Gymnasium.
"""

import functools
import platform
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import gymnasium
from gymnasium.vector import VectorEnv
from tf_agents.environments import py_environment

from tfrl.environments.gymnasium_wrapper import GymnasiumWrapper, MakeEnvs


def load(
    environment_name: str,
    batch_size: int = 1,
    seed: int = 0,
    discount: float = 1.0,
    max_episode_steps: int | None = None,
    gym_env_wrappers: Iterable[Callable[[gymnasium.Env], gymnasium.Env]] = (),
    env_wrappers: Iterable[Callable[[Any], py_environment.PyEnvironment]] = (),
    gym_kwargs: Mapping[str, Any] | None = None,
) -> py_environment.PyEnvironment:
    """Creates a batch of environments by their Gymnasium id.

    Args:
      environment_name: an id such as "LunarLander-v3". "package.module:Id-v0" first imports the
        module, which must register the id.
      batch_size: number of environments, `B`.
      seed: the seed that draws the levels, see `GymnasiumWrapper`.
      discount: discount of every step that does not terminate.
      max_episode_steps: steps after which an episode is truncated; None for the id's own limit.
      gym_env_wrappers: Gymnasium's wrappers, the innermost first.
      env_wrappers: TF-Agents' wrappers, the innermost first.
      gym_kwargs: further arguments of `gymnasium.make`.

    Raises:
      LookupError: Gymnasium does not know the id, the id has no version, or a package that the
        environment requires is not installed.
      ValueError: a space has no counterpart among TF-Agents' specs.
    """
    arguments: dict[str, Any] = {"disable_env_checker": True, **(gym_kwargs or {})}
    if max_episode_steps is not None:
        arguments["max_episode_steps"] = max_episode_steps

    def make() -> list[gymnasium.Env]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # for example about newer versions
            envs = [gymnasium.make(environment_name, **arguments) for _ in range(batch_size)]
        spec = envs[0].spec
        if spec and spec.id != environment_name.rpartition(":")[2]:
            raise LookupError(f"{environment_name!r} has no version: expected {spec.id}")
        return envs

    try:
        return wrap_env(make, seed, discount, gym_env_wrappers, env_wrappers)
    except gymnasium.error.DependencyNotInstalled as error:
        raise LookupError(f"{environment_name} requires {_missing(error)}") from None
    except (gymnasium.error.Error, ImportError) as error:
        raise LookupError(f"Gymnasium cannot make {environment_name!r}: {error}") from None


def _missing(error: gymnasium.error.DependencyNotInstalled) -> str:
    """Names the missing package. For Box2D, Gymnasium's own advice installs another version."""
    if not str(error).startswith("Box2D "):
        return f"a package that is not installed: {error}"
    if platform.machine() == "aarch64":
        return "Box2D, which has no package for Linux on ARM"
    return 'Box2D: install tfrl with its extra "box2d"'


def wrap_env(
    gym_env: gymnasium.Env | Sequence[gymnasium.Env] | MakeEnvs | VectorEnv,
    seed: int = 0,
    discount: float = 1.0,
    gym_env_wrappers: Iterable[Callable[[gymnasium.Env], gymnasium.Env]] = (),
    env_wrappers: Iterable[Callable[[Any], py_environment.PyEnvironment]] = (),
) -> py_environment.PyEnvironment:
    """Wraps Gymnasium environments as one batched environment of TF-Agents.

    Args:
      gym_env: one environment, several equal ones, a function that creates several, or a vector
        environment. A vector environment must use `AutoresetMode.NEXT_STEP`; the levels of
        `GymnasiumWrapper` then only apply to its episodes after `reset()`.
      seed: the seed that draws the levels.
      discount: discount of every step that does not terminate.
      gym_env_wrappers: Gymnasium's wrappers, the innermost first. Not applied to a vector
        environment.
      env_wrappers: TF-Agents' wrappers, the innermost first.

    Raises:
      ValueError: a space has no counterpart among TF-Agents' specs, or the vector environment has
        another autoreset mode.
    """
    if isinstance(gym_env, VectorEnv):
        environment = GymnasiumWrapper(gym_env, seed, discount)
    else:
        wrappers = list(gym_env_wrappers)

        def wrap_each(envs: Iterable[gymnasium.Env]) -> list[gymnasium.Env]:
            return [functools.reduce(lambda env, wrap: wrap(env), wrappers, env) for env in envs]

        if callable(gym_env):
            environment = GymnasiumWrapper.from_envs(wrap_each(gym_env()), seed, discount)
            environment.make_envs = lambda: wrap_each(gym_env())
        else:
            envs = [gym_env] if isinstance(gym_env, gymnasium.Env) else gym_env
            environment = GymnasiumWrapper.from_envs(wrap_each(envs), seed, discount)
    for wrapper in env_wrappers:
        environment = wrapper(environment)
    return environment
