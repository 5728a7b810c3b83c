"""What the lessons in tutorials/ import: text from values, checks of exercises, runs over seeds."""

from tfrl.tutorials.exercise import Exercise, Wrong, attempt, exercise
from tfrl.tutorials.notebook import begin, say
from tfrl.tutorials.runs import load_evaluations, train

__all__ = [
    "Exercise",
    "Wrong",
    "attempt",
    "begin",
    "exercise",
    "load_evaluations",
    "say",
    "train",
]
