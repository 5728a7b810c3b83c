"""Stored runs: written atomically, verified when read, loaded as tables and policies."""
