"""TOML files: reading them, and their values in messages."""

import codecs
import json
import tomllib
from pathlib import Path
from typing import Any

from tfrl.harness.errors import StudyError, describe


def read(path: Path) -> dict[str, Any]:
    """Returns the content of a TOML file. Raises `StudyError`, which names the file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}") from None
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise StudyError(f"{path}: must be TOML in UTF-8, but it is UTF-16")
    try:
        return tomllib.loads(content.decode("utf-8-sig"))  # with or without a byte order mark
    except UnicodeDecodeError:
        raise StudyError(f"{path}: must be TOML in UTF-8, but it is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: invalid TOML: {describe(error)}") from None


def show(value: Any) -> str:
    """Returns a value in at most 60 characters, as TOML writes it; a table as "a table"."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, dict):
        return "a table" if value else "an empty table"
    text = f"[{', '.join(map(show, value))}]" if isinstance(value, list | tuple) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
