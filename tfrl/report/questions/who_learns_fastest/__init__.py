"""The question "Which agent learns fastest?"."""

from tfrl.report.questions.who_learns_fastest import facts, figures

__all__ = ["facts", "figures"]
