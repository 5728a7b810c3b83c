"""Canonical form of Python code, which does not depend on comments, docstrings and layout."""

import ast
import functools
from collections.abc import Iterator
from typing import Any

_IGNORED_NAMES = {"__all__", "__version__"}  # they do not change what a module computes


@functools.lru_cache(maxsize=1024)
def parse(content: bytes) -> ast.Module | None:
    """Returns the shared syntax tree of a source file; None if it is not Python."""
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@functools.lru_cache(maxsize=1024)
def canonical(content: bytes) -> bytes:
    """Returns the canonical form of a source file; the file itself if it is not Python.

    Files with the same form compute the same. It leaves out comments, docstrings (also those of
    attributes, and any other string statement), layout, quotes, `__all__` and `__version__`. It is
    the same in Python 3.11 to 3.13, unlike the output of `ast.dump` and `ast.unparse`.
    """
    tree = parse(content)
    return content if tree is None else "".join(_tokens(tree)).encode()


def _tokens(tree: ast.Module) -> Iterator[str]:
    """Yields the tree as strings, fields in order. Iterative, since a long sum is a deep tree."""
    pending: list[Any] = [tree]
    while pending:
        match pending.pop():
            case str(token):
                yield token
            case list(items):
                items = [_node_or_token(item) for item in items if not is_ignored(item)]
                pending += reversed(["[", *items, "]"])
            case node:
                fields = [part for name, value in _fields(node) for part in (f"{name}=", value)]
                pending += reversed([f"{type(node).__name__}(", *fields, ")"])


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yields the fields of a node that exist in all supported versions of Python."""
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.JoinedStr):  # Python 3.12 ends nested formats with an empty string
            value = [part for part in value if getattr(part, "value", None) != ""]
        if name != "kind" and value is not None and value != []:  # newer fields are empty
            yield name, _node_or_token(value)


def _node_or_token(value: Any) -> Any:
    """Returns nodes and lists unchanged, and other values as a string.

    The string is ASCII, since the escapes of `repr` depend on Python's version of Unicode.
    """
    return value if isinstance(value, ast.AST | list) else f"{value!a},"


def is_ignored(node: Any) -> bool:
    """Returns True if a statement is not part of the canonical form."""
    match node:
        case ast.Expr(ast.Constant(str())):
            return True
        case ast.Assign([ast.Name(name)]):
            return name in _IGNORED_NAMES
    return False
