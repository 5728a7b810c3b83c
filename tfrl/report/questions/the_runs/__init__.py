"""The question "How was it made?"."""

from tfrl.report.questions.the_runs import facts

__all__ = ["facts"]
