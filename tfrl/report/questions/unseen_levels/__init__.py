"""The question "Does it do worse on levels it has never seen?"."""

from tfrl.report.questions.unseen_levels import facts, figures

__all__ = ["facts", "figures"]
