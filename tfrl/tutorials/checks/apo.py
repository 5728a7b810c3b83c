"""Checks of lesson 5."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near, numbers

_P, _Q = (0.5, 0.5), (0.8, 0.2)


@exercise
def kl(answer: Callable[[list[float], list[float]], Any]) -> None:
    """The KL divergence of q from p."""
    value = attempt(answer, list(_P), list(_Q))
    if near(value, -_kl(_P, _Q)):
        raise Wrong("The sign is turned round: the logarithm is of p / q.")
    if near(value, _kl(_Q, _P)):
        raise Wrong("That is the other direction: weigh with p, and divide p by q.")
    if near(value, math.log(0.5 / 0.8) + math.log(0.5 / 0.2)):
        raise Wrong("Weigh each logarithm with p of its action.")
    if near(value, _kl(_P, _Q) / math.log(2)):
        raise Wrong("That is in bits. Use the natural logarithm.")
    if near(value, _kl(_P, _Q) / 2):
        raise Wrong("Add the products up. They are weighted already, so there is no mean to take.")
    if near(value, -sum(a * math.log(b) for a, b in zip(_P, _Q, strict=True))):
        raise Wrong("That is the cross-entropy. It is not zero where p and q are equal.")
    if not near(value, _kl(_P, _Q)):
        raise Wrong(f"For p = [0.5, 0.5] and q = [0.8, 0.2] it is {_kl(_P, _Q):.4f}.")
    if not near(attempt(answer, [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]), 0.0):
        raise Wrong("There may be more than two actions; equal probabilities give 0.")
    never = "An action with p = 0 adds nothing: leave it out."
    try:
        certain = attempt(answer, [1.0, 0.0], [0.5, 0.5])
    except Wrong as error:
        raise Wrong(f"{error} {never}") from None
    if not near(certain, math.log(2)):
        raise Wrong(never)


@exercise
def anchor_gradient(answer: Callable[[list[float], list[float]], Any]) -> None:
    """The derivative of KL(p || softmax(logits)) by each logit."""
    logits = [0.0, math.log(3.0)]  # probabilities 1/4 and 3/4
    gradient = attempt(answer, [0.5, 0.5], list(logits))
    if not hasattr(gradient, "__len__"):
        raise Wrong(f"Return a list with a number for each logit, not {gradient!r} alone.")
    if near(gradient, [0.25, -0.25]):
        raise Wrong("The sign is turned round: it is q - p, and training goes against it.")
    if near(gradient, [-0.5, logits[1] - 0.5]):
        raise Wrong("These are logits minus p. Turn the logits into probabilities first.")
    if near(gradient, [0.25, 0.75]):
        raise Wrong("That is q. Subtract p.")
    if near(gradient, [1 - 0.5, 3 - 0.5]):
        raise Wrong("Divide the powers by their sum, so that q adds up to 1.")
    if near(gradient, [0.5 * (1 - 0.5 / 0.25), 0.5 * (1 - 0.5 / 0.75)]):
        raise Wrong("The derivative is simpler: it is q - p, without a factor.")
    if not near(gradient, [-0.25, 0.25]):
        raise Wrong("For p = [0.5, 0.5] and q = [0.25, 0.75] the gradient is [-0.25, 0.25].")
    three = attempt(answer, [0.2, 0.3, 0.5], [math.log(x) for x in (0.1, 0.5, 0.4)])
    if not near(three, [-0.1, 0.2, -0.1]):
        raise Wrong("There may be more than two actions, and q is the softmax over all of them.")


@exercise
def kept(answer: Callable[[list[float], int], Any]) -> None:
    """The positions of the best episodes, the newer of equal ones."""
    positions = _positions(attempt(answer, [10.0, 40.0, 20.0, 30.0, 15.0], 2))
    if positions == [30.0, 40.0]:
        raise Wrong("These are the returns. Return the positions of these episodes.")
    if positions == [3, 4]:
        raise Wrong("These are the last episodes, not the best ones.")
    if positions == [0, 4]:
        raise Wrong("These are the worst episodes.")
    if len(positions) != 2:
        raise Wrong(f"With k = 2 two episodes are kept; you return {len(positions)}.")
    if positions != [1, 3]:
        raise Wrong("Of 10, 40, 20, 30, 15 the best two are at the positions 1 and 3.")
    if _positions(attempt(answer, [50.0, 20.0, 50.0, 50.0], 2)) != [2, 3]:
        raise Wrong("Of equal episodes the newer ones stay: of 50, 20, 50, 50 those at 2 and 3.")
    if _positions(attempt(answer, [5.0, 9.0], 4)) != [0, 1]:
        raise Wrong("While there are fewer than k episodes, all of them are kept.")


def _positions(value: Any) -> list[float]:
    if not hasattr(value, "__len__"):
        raise Wrong(f"Return a list of positions, not {value!r} alone.")
    return sorted(numbers(list(value)).tolist())


def _kl(p: Sequence[float], q: Sequence[float]) -> float:
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
