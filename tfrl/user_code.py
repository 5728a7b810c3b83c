"""Which code is the user's own, and where in it something went wrong."""

import sysconfig
import traceback
from pathlib import Path

_INSTALLED = ("site-packages", "dist-packages")
_STANDARD = Path(sysconfig.get_path("stdlib"))
_TFRL = Path(__file__).parent


def is_users(filename: str) -> bool:
    """Whether a file is neither installed nor of tfrl."""
    path = Path(filename)
    packaged = path.is_relative_to(_TFRL) or path.is_relative_to(_STANDARD)
    return not packaged and not set(_INSTALLED) & set(path.parts) and filename[:1] not in ("<", "")


def place(error: BaseException) -> str:
    """The user's own file and line that an error came from, as `mine.py, line 12`, or nothing."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.lineno]
    own = [frame for frame in frames if is_users(frame.filename)]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else ""


def sentence(error: BaseException) -> str:
    """What was raised, and where in the user's own code, in one line."""
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    first = next(iter(said.strip().splitlines()), "")
    where = place(error)
    return f"{type(error).__name__}: {first}{f' ({where})' if where else ''}"
