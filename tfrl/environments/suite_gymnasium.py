"""Any Gymnasium environment as a batched environment of TF-Agents: `load` and `wrap_env`.

TF-Agents' own `suite_gym` loads old Gym's environments; its release has no suite for Gymnasium.
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
    """A batch of environments by the id that Gymnasium knows them by.

    Args:
      environment_name: such as "LunarLander-v3"; "package.module:Id-v0" imports the module first,
        which is to register the id.
      batch_size: number of environments, `B`.
      seed: of the levels that episodes start in; see `GymnasiumWrapper`.
      discount: of every step that does not terminate.
      max_episode_steps: steps after which an episode is truncated; None for the id's own.
      gym_env_wrappers: Gymnasium's wrappers, the innermost first.
      env_wrappers: TF-Agents' wrappers, the innermost first.
      gym_kwargs: further arguments of `gymnasium.make`.

    Raises:
      LookupError: Gymnasium knows no such id, or cannot make it with what is installed, or the id
        leaves the version open.
      ValueError: its spaces have no counterpart among TF-Agents' specs.
    """
    arguments: dict[str, Any] = {"disable_env_checker": True, **(gym_kwargs or {})}
    if max_episode_steps is not None:
        arguments["max_episode_steps"] = max_episode_steps

    def make() -> list[gymnasium.Env]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as that there is a newer version
            envs = [gymnasium.make(environment_name, **arguments) for _ in range(batch_size)]
        spec = envs[0].spec
        if spec and spec.id != environment_name.rpartition(":")[2]:
            raise LookupError(f"{environment_name!r} leaves the version open: expected {spec.id}")
        return envs

    try:
        return wrap_env(make, seed, discount, gym_env_wrappers, env_wrappers)
    except gymnasium.error.DependencyNotInstalled as error:
        raise LookupError(f"{environment_name} needs {_missing(error)}") from None
    except (gymnasium.error.Error, ImportError) as error:
        raise LookupError(f"Gymnasium cannot make {environment_name!r}: {error}") from None


def _missing(error: gymnasium.error.DependencyNotInstalled) -> str:
    """What is not installed; Gymnasium's advice on Box2D would take another version of it."""
    if not str(error).startswith("Box2D "):
        return f"what is not installed: {error}"
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
    """Gymnasium environments as one batched environment of TF-Agents.

    Args:
      gym_env: one environment, several of a kind, what makes several, or a vector environment. The
        last is to reset itself in the step after an episode's last (`AutoresetMode.NEXT_STEP`); the
        levels of `GymnasiumWrapper` then hold for its episodes after `reset()` alone.
      seed: of the levels that episodes start in.
      discount: of every step that does not terminate.
      gym_env_wrappers: for each environment that is no vector environment, the innermost first.
      env_wrappers: TF-Agents' wrappers, the innermost first.

    Raises:
      ValueError: the spaces have no counterpart among TF-Agents' specs, or the vector environment
        resets itself at another time.
    """
    if isinstance(gym_env, VectorEnv):
        environment = GymnasiumWrapper(gym_env, seed, discount)
    else:
        wrappers = list(gym_env_wrappers)

        def wrapped(envs: Iterable[gymnasium.Env]) -> list[gymnasium.Env]:
            return [functools.reduce(lambda env, wrap: wrap(env), wrappers, env) for env in envs]

        if callable(gym_env):
            environment = GymnasiumWrapper.of(wrapped(gym_env()), seed, discount)
            environment.make_envs = lambda: wrapped(gym_env())
        else:
            envs = [gym_env] if isinstance(gym_env, gymnasium.Env) else gym_env
            environment = GymnasiumWrapper.of(wrapped(envs), seed, discount)
    for wrapper in env_wrappers:
        environment = wrapper(environment)
    return environment
