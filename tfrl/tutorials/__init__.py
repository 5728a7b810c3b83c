"""Imports for the lessons in tutorials/: computed text, checks of exercises, runs over seeds."""

from tfrl.tutorials.exercise import Exercise, Wrong, attempt, exercise
from tfrl.tutorials.mazes import MazeTable, draw_maze, maze_table
from tfrl.tutorials.notebook import begin, say
from tfrl.tutorials.runs import Runs, load_evaluations, load_table, train, train_runs
from tfrl.tutorials.terminal import Terminal

__all__ = [
    "Exercise",
    "MazeTable",
    "Runs",
    "Terminal",
    "Wrong",
    "attempt",
    "begin",
    "draw_maze",
    "exercise",
    "load_evaluations",
    "load_table",
    "maze_table",
    "say",
    "train",
    "train_runs",
]
