"""The question "Do remedies narrow the gap?"."""

from tfrl.report.questions.remedies import facts

__all__ = ["facts"]
