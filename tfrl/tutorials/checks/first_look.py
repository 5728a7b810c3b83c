"""Checks of lesson 0."""

from collections.abc import Callable
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near


@exercise
def probability_of_improvement(answer: Callable[[list[float], list[float]], Any]) -> None:
    """Checks the share of pairs in which a value of `a` is above one of `b`; a tie is one half."""
    share = attempt(answer, [3.0, 4.0], [1.0, 2.0])
    if near(share, 0.0):
        raise Wrong("It counts how often b beats a: swap the two sides.")
    if near(share, 4.0):
        raise Wrong("It counts the pairs. Divide by how many pairs there are.")
    if not near(share, 1.0):
        raise Wrong("Each of [3, 4] beats each of [1, 2], so the answer there is 1.")
    tie = attempt(answer, [1.0], [1.0])
    if near(tie, 0.0) or near(tie, 1.0):
        raise Wrong("A tie counts one half, so that [1] against [1] gives 0.5.")
    if not near(tie, 0.5):
        raise Wrong("[1] against [1] is one pair, and it is a tie: 0.5.")
    if not near(attempt(answer, [5.0, 0.0, 0.0], [1.0]), 1 / 3):
        raise Wrong("Compare every value of a with every value of b, not only the means.")
    if not near(attempt(answer, [1.0, 5.0], [2.0, 2.0, 6.0]), 1 / 3):
        raise Wrong("There are len(a) * len(b) pairs; the two sides may differ in length.")
