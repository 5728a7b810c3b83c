"""A TOML file read strictly: what is missing, unfit or unknown raises `StudyError`.

Its sentence names the file, the key and what was expected.
"""

import codecs
import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tfrl.harness.errors import StudyError, describe
from tfrl.harness.studies import aliases

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
NAME_EXPECTED = "letters, digits, '.', '_' and '-', at most 64, the first a letter or digit"
_REQUIRED = object()


class Table:
    """A TOML table being read: each key is taken once, and none may be left over."""

    def __init__(self, path: Path, name: str, values: Mapping[str, Any]) -> None:
        self.path, self.name = path, name
        self.left = dict(values)
        self.taken: list[str] = []

    def error(self, key: str, problem: str) -> StudyError:
        """The mistake that `key` has this problem."""
        return StudyError(f"{self.path}: {self.name}{key} {problem}")

    def take(
        self, key: str, valid: Callable[[Any], bool], expected: str, default: Any = _REQUIRED
    ) -> Any:
        """The value of `key`, or the default if there is one and the key is missing."""
        self.taken.append(key)
        if key not in self.left:
            if default is not _REQUIRED:
                return default
            close = [name for name in self.left if aliases.ours(name, [key])]
            close = close or difflib.get_close_matches(key, self.left, n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise self.error(key, f"is missing{hint}: expected {expected}")
        value = self.left.pop(key)
        if not valid(value):
            raise self.error(key, f"is {show(value)}: expected {expected}")
        return value

    def table(self, key: str) -> "Table":
        """The table called `key` in this one."""
        expected = f"a table, [{self.name}{key}]"
        values = self.take(key, lambda value: isinstance(value, dict), expected)
        return Table(self.path, f"{self.name}{key}.", values)

    def names(self) -> list[str]:
        """The keys left: at least one, and each safe as a folder's name."""
        if not self.left:
            raise StudyError(f"{self.path}: {self.name[:-1]} is empty: expected at least one entry")
        for key in self.left:
            if not is_name(key):
                raise self.error(repr(key), f"is not a valid name: expected {NAME_EXPECTED}")
        return list(self.left)

    def finish(self) -> None:
        """To be called when all known keys are taken."""
        for key in self.left:
            raise self.error(key, f"is not known: {unknown_key(key, self.taken)}")


def read(path: Path) -> Table:
    """The whole of a file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise StudyError(f"{path}: expected TOML, which is UTF-8 text, but it is UTF-16")
    try:  # some editors write a byte order mark, which is let pass
        return Table(path, "", tomllib.loads(content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        raise StudyError(f"{path}: expected TOML, which is UTF-8 text, but it is not") from None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: expected TOML, but: {describe(error)}") from None


def is_name(text: str) -> bool:
    """Whether `text` may name something: it is safe as a folder's name."""
    return bool(_NAME.fullmatch(text))


def unknown_key(key: str, known: Iterable[str]) -> str:
    """What to say of a key that is none of `known`, with the likeliest meant."""
    known = list(known)
    if own := aliases.ours(key, known):
        return f"it is called {own} here"
    close = difflib.get_close_matches(key, known, n=1)
    return f"did you mean {close[0]}?" if close else f"expected {', '.join(known) or 'none'}"


def show(value: Any) -> str:
    """A TOML value in an error message: short, and as it is written in TOML but for tables."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = f"[{', '.join(map(show, value))}]" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
