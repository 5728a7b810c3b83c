"""What did training report of itself?"""

from tfrl.report.questions.losses import facts, figures

__all__ = ["facts", "figures"]
