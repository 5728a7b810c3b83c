"""Checks of lesson 0."""

from collections.abc import Callable
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise


@exercise
def probability_of_improvement(answer: Callable[[list[float], list[float]], Any]) -> None:
    """Checks the share of pairs in which a value of `a` is above one of `b`; a tie is one half."""
    if attempt(answer, [3.0, 4.0], [1.0, 2.0]) == 0.0:
        raise Wrong("It counts how often b beats a: swap the two sides.")
    if attempt(answer, [3.0, 4.0], [1.0, 2.0]) == 4:
        raise Wrong("It counts the pairs. Divide by how many pairs there are.")
    if abs(attempt(answer, [3.0, 4.0], [1.0, 2.0]) - 1.0) > 1e-9:
        raise Wrong("Each of [3, 4] beats each of [1, 2], so the answer there is 1.")
    tie = attempt(answer, [1.0], [1.0])
    if tie in (0.0, 1.0):
        raise Wrong("A tie counts one half, so that [1] against [1] gives 0.5.")
    if abs(tie - 0.5) > 1e-9:
        raise Wrong("[1] against [1] is one pair, and it is a tie: 0.5.")
    if abs(attempt(answer, [5.0, 0.0, 0.0], [1.0]) - 1 / 3) > 1e-9:
        raise Wrong("Compare every value of a with every value of b, not only the means.")
    if abs(attempt(answer, [1.0, 5.0], [2.0, 2.0, 6.0]) - 1 / 3) > 1e-9:
        raise Wrong("There are len(a) * len(b) pairs; the two sides may differ in length.")
