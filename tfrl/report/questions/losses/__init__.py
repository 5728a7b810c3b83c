"""The question "What were the training losses?"."""

from tfrl.report.questions.losses import facts, figures

__all__ = ["facts", "figures"]
