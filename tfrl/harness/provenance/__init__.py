"""Provenance of a run: code, packages and machine."""
