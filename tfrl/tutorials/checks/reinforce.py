"""Checks of lesson 3."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tfrl.tutorials.exercise import Wrong, attempt, exercise, near, numbers

_LOGITS = np.log([0.25, 0.75])


@exercise
def log_probability_gradient(answer: Callable[[np.ndarray, int], Any]) -> None:
    """The derivative of log pi(action) by each logit."""
    gradient = numbers(attempt(answer, _LOGITS.copy(), 0))
    if gradient.shape == ():
        raise Wrong("Return an array with one entry for each logit, not one number.")
    if near(gradient, [-0.75, 0.75]):
        raise Wrong("The sign is turned round: the logit of the action that was taken goes up.")
    if near(gradient, [0.75, 0.25]):
        raise Wrong("The logits of the other actions go down, each by its probability.")
    if near(gradient, [1.0, 0.0]) or near(gradient, [4.0, 0.0]):
        raise Wrong("A logit changes the probabilities of all actions: subtract softmax(logits).")
    if near(gradient, [0.1875, -0.1875]):
        raise Wrong("That is the derivative of the probability. Divide it by the probability.")
    if near(gradient, [0.75, 0.0]):
        raise Wrong("The other logits have a derivative too: minus their probability.")
    if near(gradient, 1 - _LOGITS) or near(gradient, [1 - _LOGITS[0], -_LOGITS[1]]):
        raise Wrong("Subtract the probabilities, softmax(logits), not the logits.")
    if not near(gradient, [0.75, -0.75]):
        raise Wrong("For probabilities 0.25 and 0.75 and action 0 it is [0.75, -0.75].")
    if not near(attempt(answer, _LOGITS.copy(), 1), [-0.25, 0.25]):
        raise Wrong("For probabilities 0.25 and 0.75 and action 1 it is [-0.25, 0.25].")
    if not near(attempt(answer, np.log([0.2, 0.3, 0.5]), 2), [-0.2, -0.3, 0.5]):
        raise Wrong("There may be more than two actions. For all of them, the entries add up to 0.")


@exercise
def episode_gradient(
    answer: Callable[[np.ndarray, list[int], list[float], float], Any],
) -> None:
    """The sum of G_t times the derivative of log pi(a_t)."""
    gradient = numbers(attempt(answer, _LOGITS.copy(), [0, 1], [1.0, 4.0], 0.5))
    if gradient.shape == ():
        raise Wrong("Return an array with one entry for each logit, not one number.")
    if gradient.shape != (2,):
        raise Wrong("Add the terms of all steps up: the sum has one entry for each logit.")
    weights = {
        (1.0, 4.0): "Weight each action with its return, not with its reward alone.",
        (5.0, 4.0): "Discount what follows: the return of the first step is 1 + 0.5 * 4.",
        (3.0, 3.0): "Both actions have the return of the first step. The second has its own.",
        (1.0, 5.0): "A return adds up what comes after an action, not what came before.",
        (1.0, 3.0): "A return adds up what comes after an action, not what came before.",
        (3.0, 2.0): "A return is discounted from its own step on: its first reward counts in full.",
        (1.5, 2.0): "Add the terms of all steps up, without averaging them.",
        (-3.0, -4.0): "The sign is turned round: this is the derivative of the loss.",
    }
    for (first, second), hint in weights.items():
        slope = 0.75 * first - 0.25 * second
        if near(gradient, [slope, -slope]):
            raise Wrong(hint)
    if not near(gradient, [1.25, -1.25]):
        raise Wrong(
            "For probabilities 0.25 and 0.75, actions 0 and 1, rewards 1 and 4 and gamma = 0.5 the "
            "returns are 3 and 4, and the gradient is [1.25, -1.25]."
        )
    longer = attempt(answer, np.log([0.2, 0.3, 0.5]), [2, 0, 2], [1.0, 0.0, 2.0], 1.0)
    if not near(longer, [0.6, -2.1, 1.5]):
        raise Wrong("It has to work for any number of steps and of actions.")


@exercise
def leave_one_out(answer: Callable[[np.ndarray], Any]) -> None:
    """Each return minus the mean of the others."""
    returns = np.array([1.0, 2.0, 6.0])
    advantages = numbers(attempt(answer, returns.copy()))
    if advantages.shape != (3,):
        raise Wrong("Return an array with an advantage for each return.")
    if near(advantages, returns - returns.mean()):
        raise Wrong("That is the mean of all returns, with the episode's own.")
    if near(advantages, (returns - returns.mean()) / returns.std()):
        raise Wrong("These are normalized returns: their mean has the episode's own return in it.")
    if near(advantages, [4.0, 3.5, 1.5]):
        raise Wrong("These are the baselines. Subtract them from the returns.")
    if near(advantages, [3.0, 1.5, -4.5]):
        raise Wrong("The sign is turned round: the return minus the mean of the others.")
    if near(advantages, [-7.0, -5.0, 3.0]):
        raise Wrong("Subtract the mean of the others, not their sum.")
    if near(advantages, returns - (9.0 - returns) / 3):
        raise Wrong("There are only len(returns) - 1 others.")
    if not near(advantages, [-3.0, -1.5, 4.5]):
        raise Wrong("For returns 1, 2, 6 the means of the others are 4, 3.5, 1.5.")
    if not near(
        attempt(answer, np.array([1.0, 2.0, 3.0, 4.0, 10.0])), [-3.75, -2.5, -1.25, 0, 7.5]
    ):
        raise Wrong("It has to work for any number of episodes.")
