"""What of APO helps?"""

from tfrl.report.questions.what_of_apo_helps import facts, figures

__all__ = ["facts", "figures"]
