"""What can go wrong outside a run. The message of each is one sentence for the person concerned."""


class HarnessError(Exception):
    """What was asked for cannot be done; the command line shows the message and nothing else."""


class StudyError(HarnessError, ValueError):
    """A mistake in a study, naming file, key and what was expected."""


class StoreError(HarnessError):
    """Runs cannot be stored or read here at all."""


class ClusterError(HarnessError):
    """A cluster cannot be reached, or would not make the runs that are asked for."""


class DamagedError(HarnessError):
    """A stored run is not what was written, naming the file; the run counts as missing."""


class OutdatedError(HarnessError):
    """A stored run is in the form of an older tfrl, saying which; the run counts as missing."""


def printable(text: str) -> str:
    """A text that may come from anywhere, in one line, with what would not be seen spelt out.

    Such as what moves a terminal's cursor, or turns the direction of writing.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def first_line(message: str) -> str:
    """The line of a message that says what is wrong: the first that is not empty.

    TensorFlow puts a stack before it when a graph fails, and the node after it.
    """
    lines = [printable(line.strip()) for line in message.splitlines() if line.strip()]
    if lines[:1] != ["Graph execution error:"]:
        return lines[0] if lines else ""
    nodes = [number for number, line in enumerate(lines) if line.startswith("[[{{node")]
    return lines[nodes[0] - 1] if nodes else lines[-1]


def describe(error: BaseException) -> str:
    """What an error says, as far as it fits into a sentence."""
    return first_line(str(error)) or type(error).__name__
