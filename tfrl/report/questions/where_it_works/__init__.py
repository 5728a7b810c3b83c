"""The question "Where does it work?"."""

from tfrl.report.questions.where_it_works import facts, figures

__all__ = ["facts", "figures"]
