"""The question "Does it survive other physics?"."""

from tfrl.report.questions.other_physics import facts, figures

__all__ = ["facts", "figures"]
