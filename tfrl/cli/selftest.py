"""`tfrl selftest`: does this processor compute the bits that were published?"""

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tfrl.cli.verb import OK, Command

if TYPE_CHECKING:
    from tfrl.harness.engine import Engine

_NAMED = 3  # of the operations that differ


def sentence(found: Mapping[str, Any]) -> str:
    """What a processor that computed `found` in the self-test does otherwise, if anything."""
    from tfrl.runtime import arithmetic

    try:
        names = arithmetic.differing(found)
    except LookupError as error:
        return f"Bits cannot be compared: {error}."
    if not names:
        return "This processor computes the published bits in every operation of the self-test."
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"This processor computes other bits than published in {', '.join(names[:_NAMED])}{more}: "
        "runs made here may differ from the published ones."
    )


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what this processor computes")


def _execute(arguments: argparse.Namespace, engine: "Engine") -> int:
    found = engine.arithmetic()
    print(json.dumps(found, indent=1) if arguments.json else sentence(found))
    return OK


VERB = Command(
    name="selftest",
    summary="test whether this processor computes the published bits",
    description="""\
Compute a hundred operations of the kinds and sizes that the agents use, and compare the bits with
those of the processor that made the published runs. Bits are published for one architecture; on
another there is nothing to compare with.""",
    example="""\
examples:
  tfrl selftest
  tfrl selftest --json     the digests, as tfrl/runtime/arithmetic.json has them""",
    add_arguments=_add_arguments,
    execute=_execute,
)
