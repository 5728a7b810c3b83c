"""Checks of lesson 7."""

from collections.abc import Callable
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near


@exercise
def drawdown(answer: Callable[[list[float]], Any]) -> None:
    """How far a run fell from its best return so far, at its deepest."""
    fall = attempt(answer, [20.0, 200.0, 120.0, 500.0, 180.0, 400.0])
    if isinstance(fall, list | tuple):
        raise Wrong("Return the deepest fall alone, not that of each evaluation.")
    if near(fall, -320.0):
        raise Wrong("A fall counts as a positive number: the best so far minus the return.")
    if near(fall, 100.0):
        raise Wrong("That is the best minus the last. A run can fall and come back.")
    if near(fall, 480.0):
        raise Wrong("That is the highest minus the lowest. What comes before the peak is no fall.")
    if not near(fall, 320.0):
        raise Wrong("For 20, 200, 120, 500, 180, 400 the deepest fall is from 500 to 180: 320.")
    if near(attempt(answer, [100.0, 300.0, 200.0, 50.0]), 150.0):
        raise Wrong("Compare with the best return so far, not with the one just before.")
    if not near(attempt(answer, [400.0, 100.0, 500.0, 450.0]), 300.0):
        raise Wrong(
            "For 400, 100, 500, 450 it is 300: the deepest fall need not be from the highest peak."
        )
    if not near(attempt(answer, [10.0, 20.0, 30.0]), 0.0):
        raise Wrong("A run that only rises has a drawdown of 0.")
    if not near(attempt(answer, [-110.0, -100.0, -150.0]), 50.0):
        raise Wrong("Returns can be negative: begin with the first return, not with 0.")


@exercise
def has_forgotten(answer: Callable[[list[float], float, float], Any]) -> None:
    """Whether a run solved its task and lost it again by its last evaluation."""
    if not attempt(answer, [10.0, 480.0, 300.0], 475.0, 384.0):
        raise Wrong("It solved the task at 480 and ended at 300, below the limit: it forgot.")
    if attempt(answer, [10.0, 400.0, 100.0], 475.0, 384.0):
        raise Wrong("A run that never reached the threshold has nothing to forget.")
    if attempt(answer, [10.0, 480.0, 300.0, 480.0], 475.0, 384.0):
        raise Wrong("It fell, but it came back: only the last evaluation decides.")
    if attempt(answer, [10.0, 490.0, 400.0], 475.0, 384.0):
        raise Wrong("400 is below the threshold, but not below the limit of 384.")
    if attempt(answer, [10.0, 490.0, 480.0], 475.0, 384.0):
        raise Wrong("480 is below the best return, but not below the limit.")
    if not attempt(answer, [475.0, 10.0], 475.0, 384.0):
        raise Wrong("A return of exactly the threshold counts as solved.")
    if not attempt(answer, [480.0, 300.0, 480.0, 300.0], 475.0, 384.0):
        raise Wrong("A run that recovered once, and fell again, has forgotten too.")


@exercise
def score_of_best(answer: Callable[[list[float], list[float]], Any]) -> None:
    """The score of the checkpoint that other episodes chose."""
    score = attempt(answer, [100.0, 180.0, 150.0], [120.0, 140.0, 170.0])
    if near(score, 180.0):
        raise Wrong("That is the score that chose it, with its luck. Report the other one.")
    if near(score, 1.0):
        raise Wrong("Return the score of that checkpoint, not its number.")
    if near(score, 170.0):
        raise Wrong(
            "The first list chooses: its highest is 180, in the middle. You let the judge choose, "
            "or took the last checkpoint."
        )
    if near(score, (180.0 + 140.0) / 2):
        raise Wrong("A mean of both has half of the luck in it. Use the judge alone.")
    if not near(score, 140.0):
        raise Wrong("The first list is highest in the middle, where the second one has 140.")
    if not near(attempt(answer, [9.0, 5.0], [1.0, 2.0]), 1.0):
        raise Wrong("In [9, 5] the first checkpoint is the best, and the judge gives it 1.")
