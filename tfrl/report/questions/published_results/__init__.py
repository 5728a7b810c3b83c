"""The question "How does it compare with the published results?"."""

from tfrl.report.questions.published_results import facts, figures

__all__ = ["facts", "figures"]
