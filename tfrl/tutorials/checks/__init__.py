"""The checks of exercises, a module a lesson."""
