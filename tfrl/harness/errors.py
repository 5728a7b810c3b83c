"""What can go wrong outside a run. The message of each is one sentence for the person concerned."""


class HarnessError(Exception):
    """What was asked for cannot be done; the command line shows the message and nothing else."""


class StudyError(HarnessError, ValueError):
    """A mistake in a study, naming file, key and what was expected."""


class LedgerError(HarnessError):
    """Runs cannot be stored or read here at all."""


class DamagedError(HarnessError):
    """A stored run is not what was written, naming the file; the run counts as missing."""
