"""Seeded parts that compile under XLA, drop-in for TF-Agents' own."""
