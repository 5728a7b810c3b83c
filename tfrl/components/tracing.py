"""Refuses random numbers that do not follow from the seed, while a pipeline is built and traced."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import random_seed

from tfrl.user_code import is_users

_PREFIXES = ("Random", "Multinomial", "TruncatedNormal", "ParameterizedTruncatedNormal", "Rng")
_STATEFUL = "Stateful"  # and a distribution: an operation of a tf.random.Generator
_TENSORFLOW = str(Path(tf.__file__).parent)


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
                "use those of tfrl.components.randomness"
            )


@contextlib.contextmanager
def without_global_generators() -> Iterator[None]:
    """Has the user's code refused numbers that follow from no seed of ours.

    These are the functions of `random` and `numpy.random`, `numpy.random.default_rng` without a
    seed, and TensorFlow's random operations. A graph that is traced would hold one number for all
    seeds. Installed packages may call them: the weights that they draw are drawn again.
    """
    generators = {random: random._inst, np.random: np.random.mtrand._rand}
    replaced: list[tuple[ModuleType, str, Callable]] = []

    def replace(module: ModuleType, name: str, refusing: Callable) -> None:
        replaced.append((module, name, getattr(module, name)))
        setattr(module, name, refusing)

    for module, generator in generators.items():
        for name, function in list(vars(module).items()):
            if getattr(function, "__self__", None) is generator:
                replace(module, name, _refusing(f"{module.__name__}.{name}", function))
    unseeded = _refusing("numpy.random.default_rng without a seed", np.random.default_rng)
    seeded = np.random.default_rng
    replace(
        np.random, "default_rng", lambda seed=None: (unseeded if seed is None else seeded)(seed)
    )
    # What each random operation of TensorFlow asks first, whether in a graph or not.
    replace(random_seed, "get_seed", _refusing("a random operation", random_seed.get_seed))
    try:
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)


def _refusing(name: str, function: Callable) -> Callable:
    def call(*args, **kwargs):
        frame = sys._getframe(1)
        while frame.f_back and _is_between(frame.f_code.co_filename):
            frame = frame.f_back
        if is_users(frame.f_code.co_filename):
            raise ValueError(
                f"{frame.f_code.co_filename}, line {frame.f_lineno} calls {name}, whose numbers do "
                "not follow from the seed: use those of tfrl.components.randomness"
            )
        return function(*args, **kwargs)

    return call


def _is_between(filename: str) -> bool:
    """Whether a function there only hands on a call: TensorFlow's own, or this module's."""
    return filename.startswith(_TENSORFLOW) or filename == __file__


def _is_random(kind: str) -> bool:
    by_generator = kind.startswith(_STATEFUL) and not kind.endswith("Call")
    return by_generator or kind.startswith(_PREFIXES)


def _place(op: tf.Operation) -> str:
    """The file and line of the user's that an operation comes from, or the operation's name."""
    for frame in reversed(list(op.traceback or ())):
        if is_users(frame.filename):
            return f"{frame.filename}, line {frame.lineno}"
    return op.name


def _functions(op: tf.Operation) -> Iterator[str]:
    """Names of the functions that an operation calls."""
    for attribute in op.node_def.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        yield from (item.name for item in attribute.list.func)
