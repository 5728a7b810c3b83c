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
