"""Stored results -> one page: figures, tables and verdicts. Imports no TensorFlow."""

from tfrl.report.page import render, write

__all__ = ["render", "write"]
