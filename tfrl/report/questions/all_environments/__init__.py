"""The question "Which agent is better over all environments?"."""

from tfrl.report.questions.all_environments import facts, figures

__all__ = ["facts", "figures"]
