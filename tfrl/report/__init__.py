"""Stored results -> one page: figures, tables and verdicts. Imports no TensorFlow."""

from tfrl.report.page import in_terminal, render, write

__all__ = ["in_terminal", "render", "write"]
