"""The question "How much does choosing the best agent overstate its score?"."""

from tfrl.report.questions.choosing_the_best import facts

__all__ = ["facts"]
