"""The question "How good is it where it was trained?"."""

from tfrl.report.questions.final_returns import facts

__all__ = ["facts"]
