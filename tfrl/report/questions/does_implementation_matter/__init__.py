"""The question "Does implementation matter?"."""

from tfrl.report.questions.does_implementation_matter import facts, figures

__all__ = ["facts", "figures"]
