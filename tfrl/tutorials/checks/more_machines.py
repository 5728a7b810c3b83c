"""Checks of lesson 11."""

from collections.abc import Callable
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, number


@exercise
def wall_time(answer: Callable[[int, int, float], Any]) -> None:
    """The time that equal runs take on several cores."""
    five = number(attempt(answer, 5, 4, 10.0))
    if five == 12.5:
        raise Wrong(
            "A run cannot be divided among cores. With 5 runs on 4 cores, one core makes two."
        )
    if five == 50.0:
        raise Wrong("That is the time on one core. The cores work at the same time.")
    if five == 10.0:
        raise Wrong("After the first four runs, one is left. It takes a second round.")
    if five == 2.0:
        raise Wrong("That is the number of rounds. Each takes as long as a run.")
    if five != 20.0:
        raise Wrong("With 5 runs of 10 s on 4 cores, it takes two rounds: 20 s.")
    if number(attempt(answer, 8, 4, 10.0)) != 20.0:
        raise Wrong("With 8 runs on 4 cores no core is idle: two rounds, 20 s.")
    if number(attempt(answer, 4, 4, 10.0)) != 10.0:
        raise Wrong("With 4 runs on 4 cores one round is enough: 10 s.")
    if number(attempt(answer, 12, 4, 10.0)) != 30.0:
        raise Wrong("With 12 runs on 4 cores it takes three rounds: 30 s.")
    if number(attempt(answer, 3, 8, 10.0)) != 10.0:
        raise Wrong("With more cores than runs, it takes as long as one run.")


@exercise
def first_difference(
    answer: Callable[[list[tuple[int, str]], list[tuple[int, str]]], Any],
) -> None:
    """The step of the first mark that differs."""
    mine = [(0, "a"), (500, "b"), (1500, "c"), (2000, "d")]
    theirs = [(0, "a"), (500, "b"), (1500, "x"), (2000, "y")]
    wrong = {
        2: "That is the place in the list, or a count. Return the step.",
        500: "That is the last step at which they are the same. Return the next one.",
        2000: "That is the last step that differs. Return the first.",
        0: "At step 0 both have the digest a. Look for digests that differ.",
    }
    step = attempt(answer, list(mine), list(theirs))
    if isinstance(step, tuple):
        raise Wrong("Return the step alone, without the digest.")
    if isinstance(step, (list, set, dict)):
        raise Wrong("Return one step, the first, and not all that differ.")
    if step in wrong:
        raise Wrong(wrong[step])
    if step == -1:
        raise Wrong("These two do differ. Compare the digests of each step.")
    if step != 1500:
        raise Wrong("If the digests are a, b, c, d and a, b, x, y, the third step is the first.")
    expected = "Return -1 if no digest differs."
    if _first(answer, mine, mine, expected) != -1:
        raise Wrong(expected)
    expected = "If the digests of step 0 differ, the answer is 0."
    if _first(answer, mine, [(0, "x"), *mine[1:]], expected) != 0:
        raise Wrong(expected)
    expected = "The steps are in the pairs. They need not be those of the example."
    if _first(answer, [(7, "a"), (9, "b")], [(7, "a"), (9, "c")], expected) != 9:
        raise Wrong(expected)


def _first(
    answer: Callable[..., Any],
    mine: list[tuple[int, str]],
    theirs: list[tuple[int, str]],
    expected: str,
) -> Any:
    """Returns the answer, which is None if a function falls off its end."""
    try:
        (step,) = attempt(lambda *marks: (answer(*marks),), list(mine), list(theirs))
    except Wrong as wrong:
        raise Wrong(f"{expected} {wrong}") from None
    return step


@exercise
def runs_to_check(answer: Callable[[float, float], Any]) -> None:
    """The fewest runs that notice a share of wrong ones."""
    half = number(attempt(answer, 0.5, 0.9))
    if half != round(half):
        raise Wrong("You cannot check a part of a run: round up to a whole number.")
    if half == 1:
        raise Wrong("One run notices half of the time. Go on until it is often enough.")
    if half == 3:
        raise Wrong("Three runs notice with 1 - 0.5**3 = 0.875. That is not enough: round up.")
    if half == 5:
        raise Wrong("Four runs notice with 1 - 0.5**4 = 0.9375. That is enough.")
    if half != 4:
        raise Wrong("If half of the runs are wrong, four of them notice with 0.9375.")
    if number(attempt(answer, 0.1, 0.95)) != 29:
        raise Wrong("A run is right with 1 - share. For a share of 0.1 and 0.95 it takes 29 runs.")
    if number(attempt(answer, 0.5, 0.75)) != 2:
        raise Wrong("With exactly the probability that is asked for, it is enough: 1 - 0.5**2.")
