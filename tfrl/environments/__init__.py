"""Environments that run inside the graph, by the ids under which Gymnasium knows them."""

from collections.abc import Callable

from tfrl.environments.acrobot import Acrobot
from tfrl.environments.cartpole import CartPole
from tfrl.environments.graph_environment import GraphEnvironment
from tfrl.environments.maze import Maze
from tfrl.environments.mountain_car import MountainCar

TWINS: dict[str, Callable[..., GraphEnvironment]] = {
    "CartPole-v0": CartPole,
    "CartPole-v1": CartPole,
    "MountainCar-v0": MountainCar,
    "Acrobot-v1": Acrobot,
    "Maze-v0": Maze,
}


def load(environment_id: str, **kwargs) -> GraphEnvironment:
    """The environment with this id; `kwargs` are those of `GraphEnvironment`.

    Raises:
      LookupError: there is no such environment.
    """
    if environment_id not in TWINS:
        raise LookupError(
            f"unknown environment {environment_id!r}: expected one of {', '.join(TWINS)}"
        )
    return TWINS[environment_id](environment_id, **kwargs)


__all__ = ["TWINS", "Acrobot", "CartPole", "GraphEnvironment", "Maze", "MountainCar", "load"]
