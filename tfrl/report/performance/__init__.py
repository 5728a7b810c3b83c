"""What an ordinary study says about one environment: returns, learning curves, APO against PPO."""

from tfrl.report.performance.chapter import chapter

__all__ = ["chapter"]
