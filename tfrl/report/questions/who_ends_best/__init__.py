"""The question "Which agent ends best?"."""

from tfrl.report.questions.who_ends_best import facts, figures

__all__ = ["facts", "figures"]
