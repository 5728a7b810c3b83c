"""Where in a run's tables a difference begins, told without the tables: a mark at each evaluation.

`tables.fingerprint` says whether two runs are the same bits. Their marks say up to which evaluation
they were, and what each scored there, in some sixty characters an evaluation.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrl.harness.store import tables

_DIGITS = 16  # of a SHA-256: that two differing runs agree in them by chance is out of the question


class Mark(NamedTuple):
    """How a run stood at one evaluation."""

    step: int  # environment steps after which it was scheduled
    score: float  # mean return of the judged policy on held-out levels there
    digest: str  # of all rows of all tables up to and including this step


def marks(results: Mapping[str, pa.Table], policy: str = "greedy") -> tuple[Mark, ...]:
    """A mark for each evaluation of a run, in order; the last covers all rows that are left.

    So two runs whose last digests agree have the same tables. (Rows are taken in the order of their
    steps, and as they stand within a step.)

    Args:
      policy: that scores are of, which is judged.
    """
    steps, scores = _scores(results["evaluations"], policy)
    ordered = {name: table.sort_by("step") for name, table in results.items()}
    ends = {name: _ends(table, steps) for name, table in ordered.items()}
    digest, begins, found = hashlib.sha256(), dict.fromkeys(ordered, 0), []
    for number, (step, score) in enumerate(zip(steps, scores, strict=True)):
        rows = {}
        for name, table in ordered.items():
            rows[name] = table.slice(begins[name], ends[name][number] - begins[name])
            begins[name] = ends[name][number]
        tables.update_digest(digest, rows)
        found.append(Mark(int(step), float(score), digest.hexdigest()[:_DIGITS]))
    return tuple(found)


def first_difference(one: Sequence[Mark], other: Sequence[Mark]) -> tuple[int | None, int | None]:
    """The last step up to which two runs are alike, and the first by which they are not.

    The former is None if they are not alike even at the first evaluation, the latter if their
    tables are the same. Rows in between may be of any step between the two.
    """
    alike = None
    for mine, theirs in zip(one, other, strict=False):
        if (mine.step, mine.digest) != (theirs.step, theirs.digest):
            return alike, min(mine.step, theirs.step)
        alike = mine.step
    beyond = max(one, other, key=len)[min(len(one), len(other)) :]
    return alike, beyond[0].step if beyond else None


def _scores(evaluations: pa.Table, policy: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps of the evaluations, and the mean held-out return of the policy at each."""
    own = pc.equal(evaluations["policy"].cast(pa.string()), policy)
    held_out = pc.equal(evaluations["split"].cast(pa.string()), "held-out")
    chosen = evaluations.filter(pc.and_(own, held_out))
    steps, group = np.unique(chosen["step"].to_numpy(), return_inverse=True)
    totals = np.bincount(group, chosen["return"].to_numpy(), len(steps))
    return steps, totals / np.bincount(group, minlength=len(steps))


def _ends(table: pa.Table, steps: np.ndarray) -> list[int]:
    """How many of a table's rows, which are in order, each step covers."""
    ends = np.searchsorted(table["step"].to_numpy(), steps, side="right").tolist()
    return [*ends[:-1], len(table)]
