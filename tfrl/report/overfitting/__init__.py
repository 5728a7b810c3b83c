"""What a study of overfitting says: where each agent still works, and where no longer.

A module for each section: its answer in sentences, its figure and its table.
"""

from tfrl.report.overfitting.chapter import chapters, questions, section, terms
from tfrl.report.overfitting.findings import asks_about_overfitting

__all__ = ["asks_about_overfitting", "chapters", "questions", "section", "terms"]
