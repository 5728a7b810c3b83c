"""Checks of lesson 9."""

from collections.abc import Callable, Mapping
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near


@exercise
def share_solved(answer: Callable[[list[int], list[bool]], Any]) -> None:
    """Kaplan and Meier's estimate at the end."""
    given = [7, 2, 4, 3, 4, 8], [True, True, True, False, True, False]
    share = attempt(answer, *given)
    if near(share, 4 / 6):
        raise Wrong("That is the plain share. A run that was stopped early is not one that failed.")
    if near(share, 5 / 24):
        raise Wrong("That is the share that is left unsolved. Subtract it from 1.")
    if near(share, 11 / 16):
        raise Wrong("Two runs solved it at hour 4. Count both of them.")
    if near(share, 1.0):
        raise Wrong(
            "A run that is stopped counts as running until its end, and does not count as solved."
        )
    if not near(share, 19 / 24):
        raise Wrong("For the six runs above it is 1 - 5/6 * 2/4 * 1/2 = 0.792.")
    if not near(attempt(answer, [1, 5, 5], [True, False, False]), 1 / 3):
        raise Wrong("If all others run to the end, it is the plain share: 1 of 3.")
    if not near(attempt(answer, [3, 5], [False, False]), 0.0):
        raise Wrong("If no run solved it, the share is 0.")
    if not near(attempt(answer, [5, 5], [True, False]), 0.5):
        raise Wrong("A run that is stopped at hour 5 was still running at hour 5.")


@exercise
def double_target(answer: Callable[[float, list[float], list[float], float], Any]) -> None:
    """The target of double DQN."""
    wrong = {
        6.0: "That takes the best action by the target network. Choose it by Q.",
        3.5: "That takes the value of Q itself. The target network gives the value.",
        1.5: "The two are turned round: Q chooses, the target network gives the value.",
        3.0: "The next value is discounted by gamma.",
        1.0: "That is the next value alone, discounted. Add the reward.",
    }
    value = attempt(answer, 1.0, [1.0, 5.0, 3.0], [10.0, 2.0, 4.0], 0.5)
    _expect(value, 2.0, wrong, "Q is highest for the second action. Its target value is 2: 1 + 1.")
    if not near(attempt(answer, 0.0, [-3.0, -2.0], [-1.0, -8.0], 0.5), -4.0):
        raise Wrong("Values can be negative. There may be two actions.")


@exercise
def n_step_target(answer: Callable[[list[float], list[float], float, float], Any]) -> None:
    """The target over n steps."""
    wrong = {
        9.0: "The value after three steps is discounted three times.",
        13.0: "That is the target of one step. Use all of the rewards.",
        10.0: "The rewards are discounted too, the first one not at all.",
        3.0: "After the last reward comes the value of the next state.",
        27.0: "The value of the next state is discounted by gamma for each step.",
        4.5: "The first reward is not discounted.",
    }
    value = attempt(answer, [1.0, 2.0, 4.0], [1.0, 1.0, 1.0], 24.0, 0.5)
    _expect(value, 6.0, wrong, "It is 1 + 0.5 * 2 + 0.25 * 4 + 0.125 * 24 = 6.")
    ends = {
        6.0: "The episode ended with the second step. A discount of 0 says so.",
        3.0: "After the end later rewards do not count either.",
        1.0: "The reward of the step that ends the episode counts.",
    }
    value = attempt(answer, [1.0, 2.0, 4.0], [1.0, 0.0, 1.0], 24.0, 0.5)
    _expect(value, 2.0, ends, "If the second step ends the episode, it is 1 + 0.5 * 2 = 2.")
    if not near(attempt(answer, [1.0, 2.0], [1.0, 0.0], 24.0, 0.5), 2.0):
        raise Wrong("If the last step ends the episode, the value of the next state is 0.")
    if not near(attempt(answer, [3.0], [1.0], 4.0, 0.25), 4.0):
        raise Wrong("With one reward it is the target of DQN.")


def _expect(value: Any, expected: float, wrong: Mapping[float, str], otherwise: str) -> None:
    """Raises the hint of a value that is known to be wrong, or `otherwise` for any other."""
    for known, hint in wrong.items():
        if near(value, known):
            raise Wrong(hint)
    if not near(value, expected):
        raise Wrong(otherwise)
