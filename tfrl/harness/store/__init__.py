"""Stored runs: written whole, checked when read, and loaded as tables and policies."""
