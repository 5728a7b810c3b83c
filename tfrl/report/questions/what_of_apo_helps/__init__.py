"""The question "Which parts of APO matter?"."""

from tfrl.report.questions.what_of_apo_helps import facts, figures

__all__ = ["facts", "figures"]
