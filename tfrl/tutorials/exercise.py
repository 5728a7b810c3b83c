"""Checks of exercises: they answer at once, and with a hint where the answer is wrong.

A check is a function that raises `Wrong` with a hint; `exercise` makes it callable in a notebook:

    @exercise
    def discounted_return(answer):
        if attempt(answer, [1.0, 2.0], 0.5) != 2.0:
            raise Wrong("The reward of the second step is discounted once.")
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

_EMPTY = "Replace the `...`, so that a value is returned. Run the cell, and then this one again."


class Wrong(Exception):
    """An answer is not right; the message is a hint of one or two sentences."""


@dataclass(frozen=True)
class Exercise:
    """A check of an answer."""

    judge: Callable[..., None]

    def hint(self, *answer: Any) -> str | None:
        """Returns what to think of next; None if the answer is right."""
        if any(part is ... or part is None for part in answer):
            return _EMPTY
        try:
            self.judge(*answer)
        except Wrong as wrong:
            return str(wrong)
        return None

    def __call__(self, *answer: Any) -> None:
        """Shows whether the answer is right, and the hint if it is not."""
        from tfrl.tutorials.notebook import say

        hint = self.hint(*answer)
        if hint is None:
            say("✔ **Right.**")
        else:
            say(f"✎ **Your turn.** {hint}" if hint == _EMPTY else f"✘ **Not yet.** {hint}")


def exercise(judge: Callable[..., None]) -> Exercise:
    """Makes a check of a function that raises `Wrong`."""
    return Exercise(judge)


def attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a learner's function. Raises `Wrong` if it fails or returns nothing."""
    if not callable(function):
        raise Wrong(f"Expected a function, got {type(function).__name__}.")
    try:
        value = function(*arguments)
    except Exception as error:  # whatever the learner's code may raise
        raise Wrong(f"Your code raised `{type(error).__name__}: {error}`.") from None
    if value is None or value is ...:
        raise Wrong(_EMPTY)
    return value


def number(value: Any) -> float:
    """Returns an answer that has to be a single number. Raises `Wrong` if it is not."""
    given = numbers(value)
    if given.ndim or np.isnan(given):
        raise Wrong(f"Expected a number, got {value!r}.")
    return float(given)


def numbers(value: Any) -> np.ndarray:
    """Returns an answer of one or more numbers as an array. Raises `Wrong` if it has others."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise Wrong(f"Expected a number or numbers, got {value!r}.")
    return array


def near(value: Any, expected: Any) -> bool:
    """Returns whether an answer has the shape of `expected` and its numbers, up to rounding.

    Raises `Wrong` if it is not of numbers.
    """
    given = numbers(value) if np.ndim(expected) else np.asarray(number(value))
    return given.shape == np.shape(expected) and np.allclose(given, expected, rtol=0, atol=1e-6)
