"""Checks of lesson 2."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near, numbers


@exercise
def usable(answer: Callable[[list[str]], Any]) -> None:
    """The positions of the pairs of frames to learn from."""
    kinds = ["FIRST", "MID", "LAST", "FIRST", "MID"]
    given = attempt(answer, list(kinds))
    if isinstance(given, bool | int | str) or not hasattr(given, "__len__"):
        raise Wrong(f"Return a list of positions, not {given!r}.")
    positions = [position for position in given if not isinstance(position, bool)]
    if len(positions) != len(given):
        raise Wrong("Return the positions themselves, not True or False for each.")
    if any(isinstance(position, str | tuple | list) for position in positions):
        raise Wrong("Return the positions t, not the step types or the pairs.")
    if positions == [0, 1, 2, 3]:
        raise Wrong("The pair of LAST and the FIRST after it tells nothing: leave it out.")
    if positions == [0, 2, 3]:
        raise Wrong("The pair that ends in LAST has the end in it: leave out the one after it.")
    if positions == [0, 1, 3, 4]:
        raise Wrong("The last frame of the list has no next frame yet.")
    if positions == [0, 3]:
        raise Wrong("Only the pair that begins with LAST is left out. One that ends in it counts.")
    if positions == [1]:
        raise Wrong("A pair that begins with FIRST is the first transition of an episode: keep it.")
    if positions != [0, 1, 3]:
        raise Wrong("For FIRST, MID, LAST, FIRST, MID the positions are 0, 1 and 3.")
    if list(attempt(answer, ["MID", "LAST"])) != [0]:
        raise Wrong("Of MID, LAST there is one pair, and it counts: [0].")
    if list(attempt(answer, ["FIRST", "LAST", "FIRST", "LAST", "FIRST"])) != [0, 2]:
        raise Wrong("An episode may have a single step: FIRST, LAST is a transition too.")


@exercise
def targets(answer: Callable[[np.ndarray, np.ndarray, np.ndarray, float], Any]) -> None:
    """The targets of a batch."""
    rewards, discounts = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 0.0])
    next_q = np.array([[2.0, 6.0], [8.0, 4.0], [10.0, 20.0]])
    given = numbers(attempt(answer, rewards, discounts, next_q, 0.5))
    if given.shape != (3,):
        raise Wrong(
            f"Three transitions have three targets; yours have the shape {given.shape}. "
            "Take the maximum over the actions: axis=1."
        )
    if near(given, [4.0, 6.0, 14.0]):
        raise Wrong("The third transition ends in a fall: multiply by its discount, which is 0.")
    if near(given, [7.0, 10.0, 4.0]):
        raise Wrong("What follows is discounted by gamma too.")
    if near(given, [3.0, 5.0, 4.0]):
        raise Wrong("The target takes the maximum over the actions, not the mean.")
    if near(given, [1.5, 2.0, 4.0]):
        raise Wrong("argmax says which action is best. The target needs the value: max.")
    if near(given, [3.0, 4.0, 0.0]):
        raise Wrong("The target begins with the reward.")
    if near(given, [3.5, 5.0, 0.0]) or near(given, [4.0, 6.0, 0.0]):
        raise Wrong("The reward itself is not discounted: the step that ends an episode has one.")
    if near(given, [11.0, 12.0, 4.0]):
        raise Wrong("Take the maximum of each row, with axis=1, not of the whole array.")
    if not near(given, [4.0, 6.0, 4.0]):
        raise Wrong("For rewards 1, 2, 4 and gamma = 0.5 they are 1 + 3, 2 + 4 and 4 + 0.")
    negative = numbers(
        attempt(answer, np.zeros(1), np.ones(1), np.array([[-3.0, -2.0, -4.0]]), 1.0)
    )
    if not near(negative, [-2.0]):
        raise Wrong("Q can be negative, and there may be more than two actions.")


@exercise
def loss(answer: Callable[[np.ndarray, np.ndarray, np.ndarray], Any]) -> None:
    """The mean squared error of the actions that were taken."""
    q, y = np.array([[1.0, 3.0], [2.0, 9.0]]), np.array([4.0, 5.0])
    given = numbers(attempt(answer, q, np.array([1, 0]), y))
    if given.shape != ():
        raise Wrong(
            f"The loss is one number; yours has the shape {given.shape}. Take one Q of each row, "
            "and the mean over the batch."
        )
    if near(given, 8.5):
        raise Wrong("That takes the highest Q of each row. Take Q of the action that was taken.")
    if near(given, 8.75):
        raise Wrong("Only the action that was taken has a target. The others are left out.")
    if near(given, 12.75):
        raise Wrong("q[:, actions] takes whole columns. Take one entry of each row.")
    if near(given, 10.0):
        raise Wrong("That is the sum over the batch. Divide by N.")
    if near(given, 2.0):
        raise Wrong("Square the errors before you take their mean.")
    if near(given, 4.0):
        raise Wrong("Square first, then take the mean: else errors of two signs cancel out.")
    if near(given, 2.5):
        raise Wrong("Take the mean of the squares, without the factor of one half.")
    if not near(given, 5.0):
        raise Wrong("The errors are 4 - 3 and 5 - 2, so the loss is (1 + 9) / 2 = 5.")
    if not near(attempt(answer, q, np.array([0, 1]), np.array([0.0, 11.0])), 2.5):
        raise Wrong("For other actions, 0 and 1, and the targets 0 and 11, it is (1 + 4) / 2.")
