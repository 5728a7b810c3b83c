"""Builds the lessons: from py:percent sources to executed notebooks and offline pages."""
