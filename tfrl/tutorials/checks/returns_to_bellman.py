"""Checks of lesson 1."""

from collections.abc import Callable
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near

_REWARDS = [1.0, 0.0, 2.0]


@exercise
def discounted_returns(answer: Callable[[list[float], float], Any]) -> None:
    """The return of every step of an episode."""
    returns = attempt(answer, list(_REWARDS), 0.5)
    if not hasattr(returns, "__len__"):
        raise Wrong(f"Return a list with the return of each step, not {returns!r} alone.")
    if len(returns) != 3:
        raise Wrong(f"Three rewards give three returns, one for each step; yours are {returns}.")
    if near(returns, [2.0, 1.0, 1.5]):
        raise Wrong("The numbers are right, in the wrong order: the first is of the first step.")
    if near(returns, [3.0, 2.0, 2.0]):
        raise Wrong("Nothing is discounted: multiply what follows by gamma.")
    if near(returns, [1.0, 1.0, 1.5]):
        raise Wrong("These are sums from the start on. A return adds up what is still to come.")
    if near(returns, [1.5, 0.5, 0.5]):
        raise Wrong(
            "Discount from the step itself on, not from the start: its reward counts in full."
        )
    if near(returns, [0.75, 0.5, 1.0]):
        raise Wrong("The reward of a step itself is not discounted, only what follows it.")
    if near(returns, [1.0, 1.0, 2.0]):
        raise Wrong("Add gamma times the whole return of the next step, not only its reward.")
    if not near(returns, [1.5, 1.0, 2.0]):
        raise Wrong("For rewards 1, 0, 2 and gamma = 0.5 the returns are 1.5, 1, 2.")
    if not near(attempt(answer, [2.0, -1.0, 3.0, 4.0], 0.0), [2.0, -1.0, 3.0, 4.0]):
        raise Wrong("With gamma = 0 every return is the reward of its step.")
    if not near(attempt(answer, [1.0, 1.0, 1.0, 1.0], 1.0), [4.0, 3.0, 2.0, 1.0]):
        raise Wrong("With gamma = 1 the returns of four rewards of 1 are 4, 3, 2, 1.")


@exercise
def backup(answer: Callable[[list[float], list[float], list[bool], float], Any]) -> None:
    """The right-hand side of Bellman's equation of one state."""
    value = attempt(answer, [1.0, 2.0], [8.0, 2.0], [False, False], 0.5)
    if near(value, 4.0):
        raise Wrong("That is the mean over the actions. The best policy takes the maximum.")
    if near(value, 0):
        raise Wrong("Return the value of the best action, not its number.")
    if near(value, 9.0):
        raise Wrong("What follows is discounted: multiply the next value by gamma.")
    if near(value, 6.0):
        raise Wrong("Take the best sum of an action, not the best reward plus the best value.")
    if not near(value, 5.0):
        raise Wrong(
            "With rewards 1 and 2, next values 8 and 2 and gamma = 0.5 it is max(5, 3) = 5."
        )
    if not near(attempt(answer, [1.0, 0.0], [6.0, 4.0], [True, False], 0.5), 2.0):
        raise Wrong("Where the episode ends, the next value counts as 0.")
    if not near(attempt(answer, [-1.0, -2.0], [0.0, 0.0], [True, True], 0.5), -1.0):
        raise Wrong("With rewards -1 and -2 at the end, the best is -1: values can be negative.")
    if not near(attempt(answer, [0.0, 0.0, 0.0], [1.0, 2.0, 4.0], [False] * 3, 0.25), 1.0):
        raise Wrong("There may be more than two actions.")


@exercise
def updated(answer: Callable[[float, float, list[float], bool, float, float], Any]) -> None:
    """One update of Q-learning."""
    value = attempt(answer, 3.0, 2.0, [4.0, 8.0], False, 0.25, 0.5)
    if near(value, 5.25):
        raise Wrong("The parts are turned round: the target has alpha, and the old Q 1 - alpha.")
    if near(value, 4.5):
        raise Wrong("Move by a part of the error, which is the target minus Q.")
    if near(value, 2.25):
        raise Wrong("The sign is turned round: the error is the target minus Q.")
    if near(value, 3.5):
        raise Wrong("The target takes the maximum of the next Q, not the mean.")
    if near(value, 4.75):
        raise Wrong("The next Q has to be discounted by gamma.")
    if near(value, 3.25):
        raise Wrong("The target begins with the reward, and takes the highest next Q.")
    if near(value, 6.0) or near(value, 3.0):
        raise Wrong("That is the target, or the error. Move Q only by the part alpha of the error.")
    if not near(value, 3.75):
        raise Wrong(
            "With q = 3, reward 2, next Q 4 and 8, alpha = 0.25 and gamma = 0.5 the target is 6, "
            "the error 3, and the new value 3.75."
        )
    if not near(attempt(answer, 2.0, 1.0, [4.0, 8.0], True, 0.5, 0.5), 1.5):
        raise Wrong("At the end of an episode the target is the reward alone.")
    if not near(attempt(answer, 0.0, 0.0, [-3.0, -2.0], False, 0.5, 1.0), -1.0):
        raise Wrong("Q can be negative: the maximum of -3 and -2 is -2.")
