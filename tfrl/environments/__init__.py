"""Environments that run inside the graph, by the ids under which Gymnasium knows them."""

from collections.abc import Callable

from tfrl.environments.cartpole import CartPole
from tfrl.environments.graph_environment import GraphEnvironment

TWINS: dict[str, Callable[..., GraphEnvironment]] = {
    "CartPole-v0": CartPole,
    "CartPole-v1": CartPole,
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


__all__ = ["TWINS", "CartPole", "GraphEnvironment", "load"]
