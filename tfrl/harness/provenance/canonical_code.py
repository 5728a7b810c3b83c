"""The code in a source file, without what can be changed freely: comments, docstrings, layout."""

import ast
import functools
from collections.abc import Iterator
from typing import Any

_ABOUT_THE_MODULE = {"__all__", "__version__"}  # decide nothing about what a module computes


@functools.lru_cache(maxsize=1024)
def parse(content: bytes) -> ast.Module | None:
    """The syntax tree of a source file, which is shared; None if this is not Python."""
    try:
        return ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@functools.lru_cache(maxsize=1024)
def canonical(content: bytes) -> bytes:
    """The code of a source file in one form; the bytes themselves if this is not Python.

    Files with the same form do the same. Not in it are comments, docstrings (also those of
    attributes, and any other string that stands alone), layout, quotes, `__all__` and
    `__version__`. It is the same in Python 3.11 to 3.13, which `ast.dump` and `ast.unparse` are
    not.
    """
    tree = parse(content)
    return content if tree is None else "".join(_words(tree)).encode()


def _words(tree: ast.Module) -> Iterator[str]:
    """The tree as text, fields in order. Not recursive: a long sum makes a deep tree."""
    pending: list[Any] = [tree]
    while pending:
        match pending.pop():
            case str(word):
                yield word
            case list(items):
                kept = [_prepared(item) for item in items if not is_mute(item)]
                pending += reversed(["[", *kept, "]"])
            case node:
                fields = [part for name, value in _fields(node) for part in (f"{name}=", value)]
                pending += reversed([f"{type(node).__name__}(", *fields, ")"])


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields of a node with their values, those alone that all Pythons have."""
    for name, value in ast.iter_fields(node):
        if isinstance(node, ast.JoinedStr):  # Python 3.12 ends nested formats with an empty string
            value = [part for part in value if getattr(part, "value", None) != ""]
        if name != "kind" and value is not None and value != []:  # newer fields are empty
            yield name, _prepared(value)


def _prepared(value: Any) -> Any:
    """Parts of a tree as they are; what they hold as text.

    In ASCII, since what `repr` escapes depends on the Unicode version of a Python.
    """
    return value if isinstance(value, ast.AST | list) else f"{value!a},"


def is_mute(node: Any) -> bool:
    """Whether a part of a tree has no effect on what the code does."""
    match node:
        case ast.Expr(ast.Constant(str())):
            return True
        case ast.Assign([ast.Name(name)]):
            return name in _ABOUT_THE_MODULE
    return False
