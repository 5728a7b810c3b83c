"""Drawings from DataFrames to SVG, without knowledge of the questions."""
