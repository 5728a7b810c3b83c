"""Checks of lesson 4."""

from collections.abc import Callable
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near


@exercise
def objective(answer: Callable[[float, float, float], Any]) -> None:
    """The clipped objective of one action."""
    good = attempt(answer, 2.0, 3.0, 0.25)
    if near(good, 6.0):
        raise Wrong("Nothing is clipped: take the smaller one of r A and clip(r) A.")
    if near(good, 1.25):
        raise Wrong("Multiply the clipped ratio by the advantage.")
    if near(good, 0.75):
        raise Wrong("The range is from 1 - epsilon to 1 + epsilon, not from 0 to epsilon.")
    if near(good, -3.75):
        raise Wrong("The sign is turned round: the objective is maximized. Its negative is a loss.")
    if not near(good, 3.75):
        raise Wrong("For r = 2, A = 3 and epsilon = 0.25 it is min(6, 1.25 · 3) = 3.75.")
    bad = attempt(answer, 2.0, -3.0, 0.25)
    if near(bad, -3.75):
        raise Wrong(
            "With A = -3 the smaller one of -6 and -3.75 is -6. Clip the ratio, multiply both by "
            "the advantage, and only then take the minimum."
        )
    if not near(bad, -6.0):
        raise Wrong("For r = 2, A = -3 and epsilon = 0.25 it is min(-6, -3.75) = -6.")
    if not near(attempt(answer, 0.5, 3.0, 0.25), 1.5):
        raise Wrong("For r = 0.5, A = 3 and epsilon = 0.25 it is min(1.5, 2.25) = 1.5.")
    if not near(attempt(answer, 0.5, -4.0, 0.25), -3.0):
        raise Wrong("The range has a lower end too: r = 0.5 is clipped to 0.75.")


@exercise
def has_gradient(answer: Callable[[float, float, float], Any]) -> None:
    """Whether an action has a part in the update."""
    cases = [(r, a) for a in (2.0, -2.0) for r in (0.5, 1.1, 1.5)]
    given = tuple(_truth(attempt(answer, ratio, advantage, 0.2)) for ratio, advantage in cases)
    right = (True, True, False, False, True, True)
    if given == (False, True, False, False, True, False):
        raise Wrong("Outside of the range it depends on the sign of the advantage.")
    if given == (False, True, True, True, True, False):
        raise Wrong("The two signs are swapped: a good action counts until its ratio is too high.")
    if given == (True, True, False, True, True, False):
        raise Wrong("A bad action with a high ratio has to be taken back: it counts.")
    if given == tuple(not truth for truth in right):
        raise Wrong("True and False are swapped: return True where the gradient is not zero.")
    if given == (True,) * 6:
        raise Wrong("A good action whose ratio is above 1 + epsilon has no gradient left.")
    if given != right:
        wrong = next(i for i in range(6) if given[i] != right[i])
        ratio, advantage = cases[wrong]
        raise Wrong(
            f"For a ratio of {ratio}, an advantage of {advantage:.0f} and epsilon = 0.2 the answer "
            f"is {right[wrong]}. Look at the table above."
        )
    if not _truth(attempt(answer, 1.5, 1.0, 0.6)) or not _truth(attempt(answer, 0.5, -1.0, 0.6)):
        raise Wrong("The range depends on epsilon: with 0.6 it is from 0.4 to 1.6.")


@exercise
def advantages(answer: Callable[[list, list, list, float, float], Any]) -> None:
    """Generalized advantage estimation for a rollout."""
    given = attempt(answer, [1.0, 2.0], [3.0, 4.0, 8.0], [False, False], 0.5, 0.5)
    if not hasattr(given, "__len__") or len(given) != 2:
        raise Wrong(f"Two rewards have two advantages; yours are {given!r}.")
    if near(given, [2.0, 0.5]):
        raise Wrong("The order is turned round: the first advantage is of the first step.")
    if near(given, [0.0, 2.0]):
        raise Wrong(
            "These are the errors alone. Add gamma lambda times the advantage that follows."
        )
    if near(given, [0.0, 0.0]):
        raise Wrong(
            "The last error needs the value of the state after the rollout, the last of values."
        )
    if near(given, [-0.5, -2.0]) or near(given, [-1.5, -2.0]):
        raise Wrong("The rollout is cut off, not ended: the last value counts.")
    if near(given, [1.0, 2.0]) or near(given, [2.0, 2.0]):
        raise Wrong("The advantage that follows is multiplied by gamma and by lambda.")
    if near(given, [4.5, 6.0]):
        raise Wrong("An error has minus V of the state itself.")
    if near(given, [3.5, 6.0]):
        raise Wrong("In an error, the next value is discounted by gamma.")
    if not near(given, [0.5, 2.0]):
        raise Wrong(
            "For rewards 1, 2, values 3, 4, 8 and gamma = lambda = 0.5 the errors are 0 and 2, "
            "and the advantages 0 + 0.25 · 2 = 0.5 and 2."
        )
    ended = attempt(answer, [1.0, 2.0], [3.0, 4.0, 8.0], [True, False], 0.5, 0.5)
    if near(ended, [-1.5, 2.0]):
        raise Wrong("Where the episode ended, the next advantage belongs to another episode.")
    if near(ended, [0.0, 2.0]) or near(ended, [0.5, 2.0]):
        raise Wrong("Where the episode ended, the next value does not count.")
    if not near(ended, [-2.0, 2.0]):
        raise Wrong("An episode that ends with a reward of 1, from a state worth 3, has A = -2.")
    three = attempt(answer, [1.0, 0.0, 2.0], [3.0, 4.0, 2.0, 8.0], [False] * 3, 0.5, 0.25)
    if not near(three, [-0.3125, -2.5, 4.0]):
        raise Wrong("An advantage adds up all later errors, each times gamma and lambda once more.")
    last = attempt(answer, [1.0], [3.0, 8.0], [True], 0.5, 0.5)
    if not near(last, [-2.0]):
        raise Wrong("The last step of the rollout can end an episode too.")


def _truth(value: Any) -> bool:
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise Wrong(f"Return True or False, not {value!r}.")
    return bool(value)
