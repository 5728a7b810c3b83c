"""How much does choosing the best flatter it?"""

from tfrl.report.questions.choosing_the_best import facts

__all__ = ["facts"]
