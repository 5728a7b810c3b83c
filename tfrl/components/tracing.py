"""Checks that a pipeline draws no random numbers that do not depend on the seed."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import random_seed

from tfrl.user_code import is_user_file

_PREFIXES = ("Random", "Multinomial", "TruncatedNormal", "ParameterizedTruncatedNormal", "Rng")
_STATEFUL = "Stateful"  # prefix of the operations of tf.random.Generator
_TENSORFLOW = str(Path(tf.__file__).parent)


def operations(graph: tf.Graph, seen: set[str] | None = None) -> Iterator[tf.Operation]:
    """Yields all operations of a graph, and of the bodies of its loops and branches."""
    seen = set() if seen is None else seen
    for op in graph.get_operations():
        yield op
        for name in _functions(op):
            if name not in seen:
                seen.add(name)
                yield from operations(graph._get_function(name).graph, seen)


def check_random_operations(function: tf.types.experimental.ConcreteFunction) -> None:
    """Raises ValueError if a function has a stateful random operation."""
    for op in operations(function.graph):
        if op.op_def.is_stateful and _is_random(op.type):
            raise ValueError(
                f"{_source(op)} draws random numbers ({op.type}) that do not follow from the seed: "
                "use those of tfrl.components.randomness"
            )


@contextlib.contextmanager
def without_global_generators() -> Iterator[None]:
    """Makes global random generators raise ValueError if the user's code calls them.

    These are the functions of `random` and `numpy.random`, `numpy.random.default_rng` without a
    seed, and TensorFlow's random operations. A traced graph would contain the same number for all
    seeds. Installed packages may call them: the weights that they draw are replaced later.
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
    # Each random operation of TensorFlow calls this first, in a graph or not.
    replace(random_seed, "get_seed", _refusing("a random operation", random_seed.get_seed))
    try:
        yield
    finally:
        for module, name, function in replaced:
            setattr(module, name, function)


def _refusing(name: str, function: Callable) -> Callable:
    def call(*args, **kwargs):
        frame = sys._getframe(1)
        while frame.f_back and _is_intermediate(frame.f_code.co_filename):
            frame = frame.f_back
        if is_user_file(frame.f_code.co_filename):
            raise ValueError(
                f"{frame.f_code.co_filename}, line {frame.f_lineno} calls {name}, whose numbers do "
                "not follow from the seed: use those of tfrl.components.randomness"
            )
        return function(*args, **kwargs)

    return call


def _is_intermediate(filename: str) -> bool:
    """Returns True for files whose functions only pass a call on: TensorFlow's and this one."""
    return filename.startswith(_TENSORFLOW) or filename == __file__


def _is_random(kind: str) -> bool:
    by_generator = kind.startswith(_STATEFUL) and not kind.endswith("Call")
    return by_generator or kind.startswith(_PREFIXES)


def _source(op: tf.Operation) -> str:
    """Returns the user's file and line that created an operation, or else the operation's name."""
    for frame in reversed(list(op.traceback or ())):
        if is_user_file(frame.filename):
            return f"{frame.filename}, line {frame.lineno}"
    return op.name


def _functions(op: tf.Operation) -> Iterator[str]:
    """Yields the names of the functions that an operation calls."""
    for attribute in op.node_def.attr.values():
        if attribute.HasField("func"):
            yield attribute.func.name
        yield from (item.name for item in attribute.list.func)
