"""Marks: short digests of a run at each evaluation, which show where two runs start to differ.

`tables.fingerprint` shows only that two runs differ. A mark takes about 60 characters and covers
all rows up to its evaluation, so the first difference is found without the tables.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfrl.harness.store import tables

_DIGITS = 16  # of a SHA-256: a chance match of two runs has a probability of 2**-64


class Mark(NamedTuple):
    """The state of a run at one evaluation."""

    step: int  # environment steps after which the evaluation was scheduled
    score: float  # mean return of the judged policy on held-out levels
    digest: str  # of all rows of all tables up to and including this step


def marks(results: Mapping[str, pa.Table], policy: str = "greedy") -> tuple[Mark, ...]:
    """Returns a mark for each evaluation of a run, in order.

    The last mark covers all remaining rows, so two runs have the same tables if their last digests
    are equal. Rows are sorted by step; the order within a step counts.

    Args:
      policy: the judged policy, whose score is the mean return.
    """
    steps, scores = _scores(results["evaluations"], policy)
    ordered = {name: table.sort_by("step") for name, table in results.items()}
    ends = {name: _ends(table, steps) for name, table in ordered.items()}
    digest, begins, result = hashlib.sha256(), dict.fromkeys(ordered, 0), []
    for number, (step, score) in enumerate(zip(steps, scores, strict=True)):
        rows = {}
        for name, table in ordered.items():
            rows[name] = table.slice(begins[name], ends[name][number] - begins[name])
            begins[name] = ends[name][number]
        tables.update_digest(digest, rows)
        result.append(Mark(int(step), float(score), digest.hexdigest()[:_DIGITS]))
    return tuple(result)


def first_difference(
    first: Sequence[Mark], second: Sequence[Mark]
) -> tuple[int | None, int | None]:
    """Returns the last step up to which two runs are equal, and the first after which they differ.

    The former is None if they differ at the first evaluation, the latter if their tables are equal.
    The first row that differs lies anywhere between the two steps.
    """
    last_equal = None
    for one, other in zip(first, second, strict=False):
        if (one.step, one.digest) != (other.step, other.digest):
            return last_equal, min(one.step, other.step)
        last_equal = one.step
    rest = max(first, second, key=len)[min(len(first), len(second)) :]
    return last_equal, rest[0].step if rest else None


def _scores(evaluations: pa.Table, policy: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps of the evaluations, and the mean held-out return of the policy at each."""
    is_policy = pc.equal(evaluations["policy"].cast(pa.string()), policy)
    is_held_out = pc.equal(evaluations["split"].cast(pa.string()), "held-out")
    rows = evaluations.filter(pc.and_(is_policy, is_held_out))
    steps, group = np.unique(rows["step"].to_numpy(), return_inverse=True)
    totals = np.bincount(group, rows["return"].to_numpy(), len(steps))
    return steps, totals / np.bincount(group, minlength=len(steps))


def _ends(table: pa.Table, steps: np.ndarray) -> list[int]:
    """Returns the number of rows up to each step in a table that is sorted by step.

    The last step covers the whole table.
    """
    ends = np.searchsorted(table["step"].to_numpy(), steps, side="right").tolist()
    return [*ends[:-1], len(table)]
