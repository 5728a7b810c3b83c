"""Refuses random numbers that do not follow from the seed, while a pipeline is built and traced."""

import contextlib
import random
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf

_PREFIXES = ("Random", "Multinomial", "TruncatedNormal", "ParameterizedTruncatedNormal", "Rng")
_STATEFUL = "Stateful"  # and a distribution: an operation of a tf.random.Generator
_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = Path(sysconfig.get_path("stdlib"))
_TFRL = Path(__file__).parents[1]


def operations(graph: tf.Graph, seen: set[str] | None = None) -> Iterator[tf.Operation]:
    """Every operation of a graph, and of the bodies of its loops and branches."""
    seen = set() if seen is None else seen
    for op in graph.get_operations():
        yield op
        for name in _functions(op):
            if name not in seen:
                seen.add(name)
                yield from operations(graph._get_function(name).graph, seen)


def check_random_operations(function: tf.types.experimental.ConcreteFunction) -> None:
    """Raises ValueError if a function has a random operation that hides its state."""
    for op in operations(function.graph):
        if op.op_def.is_stateful and _is_random(op.type):
            raise ValueError(
                f"{_place(op)} draws random numbers ({op.type}) that do not follow from the seed: "
                "use those of tfrl.randomness"
            )


@contextlib.contextmanager
def without_global_generators() -> Iterator[None]:
    """Has the functions of `random` and `numpy.random` refuse to be called by the user's code.

    A graph that is traced would hold one number for all seeds. Installed packages may call them.
    """
    generators = {random: random._inst, np.random: np.random.mtrand._rand}
    replaced: list[tuple[ModuleType, str, Callable]] = []
    for module, generator in generators.items():
        for name, function in list(vars(module).items()):
            if getattr(function, "__self__", None) is generator:
                replaced.append((module, name, function))
                setattr(module, name, _refusing(f"{module.__name__}.{name}", function))
    try:
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)


def _refusing(name: str, function: Callable) -> Callable:
    def call(*args, **kwargs):
        frame = sys._getframe(1)
        if _is_users(frame.f_code.co_filename):
            raise ValueError(
                f"{frame.f_code.co_filename}, line {frame.f_lineno} calls {name}, whose numbers do "
                "not follow from the seed: use those of tfrl.randomness"
            )
        return function(*args, **kwargs)

    return call


def _is_random(kind: str) -> bool:
    by_generator = kind.startswith(_STATEFUL) and not kind.endswith("Call")
    return by_generator or kind.startswith(_PREFIXES)


def _place(op: tf.Operation) -> str:
    """The file and line of the user's that an operation comes from, or the operation's name."""
    for frame in reversed(list(op.traceback or ())):
        if _is_users(frame.filename):
            return f"{frame.filename}, line {frame.lineno}"
    return op.name


def _is_users(filename: str) -> bool:
    """Whether a file is neither installed nor of tfrl."""
    path = Path(filename)
    packaged = path.is_relative_to(_TFRL) or path.is_relative_to(_STANDARD)
    return not packaged and not set(_INSTALLED) & set(path.parts) and filename[0] != "<"


def _functions(op: tf.Operation) -> Iterator[str]:
    """Names of the functions that an operation calls."""
    for attribute in op.node_def.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        yield from (item.name for item in attribute.list.func)
