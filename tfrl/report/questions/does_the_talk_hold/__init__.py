"""The question "Does the talk on APO hold?"."""

from tfrl.report.questions.does_the_talk_hold import facts, figures

__all__ = ["facts", "figures"]
