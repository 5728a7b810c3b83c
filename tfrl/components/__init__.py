"""Seeded components that compile under XLA. They can replace TF-Agents' own."""
