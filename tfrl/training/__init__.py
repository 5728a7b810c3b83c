"""Runs pipelines: the trainer, its loops in the graph and outside of it, and evaluation."""

from tfrl.training.trainer import RunResult, Trainer

__all__ = ["RunResult", "Trainer"]
