"""Errors shown to the user. Each message is one sentence."""


class HarnessError(Exception):
    """A command cannot be executed. The command line shows only the message, no traceback."""


class StudyError(HarnessError, ValueError):
    """A mistake in a study. The message names the file, the key and the expected value."""


class StoreError(HarnessError):
    """A run store cannot be read or written."""


class ClusterError(HarnessError):
    """A cluster cannot be reached, or cannot reproduce the runs of this machine."""


class DamagedError(HarnessError):
    """A stored file differs from what was written. The run counts as missing."""


class OutdatedError(HarnessError):
    """A stored run has the schema of an older tfrl. The run counts as missing."""


def printable(text: str) -> str:
    """Returns an untrusted string with its unprintable characters escaped.

    Such characters break lines, move a terminal's cursor or change the direction of writing.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def first_line(message: str) -> str:
    """Returns the line of a message that describes the error: the first that is not empty.

    In a graph execution error of TensorFlow, it is the line before the node, after the stack.
    """
    lines = [printable(line.strip()) for line in message.splitlines() if line.strip()]
    if lines[:1] != ["Graph execution error:"]:
        return lines[0] if lines else ""
    nodes = [number for number, line in enumerate(lines) if line.startswith("[[{{node")]
    return lines[nodes[0] - 1] if nodes else lines[-1]


def describe(error: BaseException) -> str:
    """Returns the main line of an error's message; its type if the message is empty."""
    return first_line(str(error)) or type(error).__name__
