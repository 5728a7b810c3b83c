"""The question "Does more training widen the gap?"."""

from tfrl.report.questions.more_training import facts, figures

__all__ = ["facts", "figures"]
