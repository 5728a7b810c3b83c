"""What an ordinary study says of each environment: returns, learning curves, APO against PPO."""

from tfrl.report.performance.chapter import chapters, questions

__all__ = ["chapters", "questions"]
