"""What the lessons in tutorials/ import: text from values, checks of exercises, runs over seeds."""

from tfrl.tutorials.exercise import Exercise, Wrong, attempt, exercise
from tfrl.tutorials.mazes import MazeTable, draw_maze, maze_table
from tfrl.tutorials.notebook import begin, say
from tfrl.tutorials.runs import Runs, load_evaluations, train, train_runs

__all__ = [
    "Exercise",
    "MazeTable",
    "Runs",
    "Wrong",
    "attempt",
    "begin",
    "draw_maze",
    "exercise",
    "load_evaluations",
    "maze_table",
    "say",
    "train",
    "train_runs",
]
