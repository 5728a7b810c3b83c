"""The question "How much do the seeds decide?"."""

from tfrl.report.questions.what_seeds_decide import facts, figures

__all__ = ["facts", "figures"]
