"""The question "How unstable is it?"."""

from tfrl.report.questions.how_unstable import facts, figures

__all__ = ["facts", "figures"]
