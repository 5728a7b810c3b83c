"""In-graph environments, and any Gymnasium environment, by their Gymnasium ids."""

from collections.abc import Callable

from tf_agents.environments import tf_environment

from tfrl.environments.acrobot import Acrobot
from tfrl.environments.cartpole import CartPole
from tfrl.environments.graph_environment import GraphEnvironment
from tfrl.environments.maze import Maze
from tfrl.environments.mountain_car import MountainCar
from tfrl.variations import GYMNASIUM

IN_GRAPH: dict[str, Callable[..., GraphEnvironment]] = {
    "CartPole-v0": CartPole,
    "CartPole-v1": CartPole,
    "MountainCar-v0": MountainCar,
    "Acrobot-v1": Acrobot,
    "Maze-v0": Maze,
}


def load(environment_id: str, **kwargs) -> tf_environment.TFEnvironment:
    """Returns the environment with this id: a `GraphEnvironment` or a `HostEnvironment`.

    Args:
      environment_id: one of `IN_GRAPH`, or "gymnasium:" and a Gymnasium id.
      **kwargs: arguments of `GraphEnvironment` or `suite_gymnasium.load`: `batch_size`, `seed`, ...

    Raises:
      LookupError: the environment does not exist, or the pipelines cannot train in it.
    """
    if environment_id.startswith(GYMNASIUM):
        return _from_gymnasium(environment_id.removeprefix(GYMNASIUM), **kwargs)
    if environment_id not in IN_GRAPH:
        raise LookupError(
            f"unknown environment {environment_id!r}: expected one of {', '.join(IN_GRAPH)}, "
            f'or a Gymnasium environment as "{GYMNASIUM}{environment_id}"'
        )
    return IN_GRAPH[environment_id](environment_id, **kwargs)


def _from_gymnasium(name: str, **kwargs) -> tf_environment.TFEnvironment:
    from tfrl.environments import suite_gymnasium
    from tfrl.environments.host_environment import HostEnvironment

    try:
        return HostEnvironment(name, suite_gymnasium.load(name, **kwargs))
    except ValueError as error:
        raise LookupError(f"{name} cannot be used: {error}") from None


__all__ = [
    "IN_GRAPH",
    "Acrobot",
    "CartPole",
    "GraphEnvironment",
    "Maze",
    "MountainCar",
    "load",
]
