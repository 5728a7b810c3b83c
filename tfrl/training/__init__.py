"""The trainer, its training loops, and the evaluation of policies."""

from tfrl.training.trainer import RunResult, Trainer

__all__ = ["RunResult", "Trainer"]
