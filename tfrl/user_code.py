"""Errors in the user's own code: their location, and a one-line description."""

import sysconfig
import traceback
from pathlib import Path

_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = Path(sysconfig.get_path("stdlib"))
_TFRL = Path(__file__).parent


def is_user_file(filename: str) -> bool:
    """Returns True unless a file is installed or part of tfrl or the standard library."""
    path = Path(filename)
    packaged = path.is_relative_to(_TFRL) or path.is_relative_to(_STANDARD)
    return not packaged and not set(_INSTALLED) & set(path.parts) and filename[:1] not in ("<", "")


def error_location(error: BaseException) -> str:
    """Returns the user's file and line that raised an error, as `agent.py, line 12`, or ""."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.lineno]
    users = [frame for frame in frames if is_user_file(frame.filename)]
    return f"{users[-1].filename}, line {users[-1].lineno}" if users else ""


def describe_error(error: BaseException) -> str:
    """Returns the type, the first line of the message and the location of an error, in one line."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    first_line = next(iter(message.strip().splitlines()), "")
    location = error_location(error)
    return f"{type(error).__name__}: {first_line}{f' ({location})' if location else ''}"
