"""What the lessons in tutorials/ import: text from values, checks of exercises, runs over seeds."""

from tfrl.tutorials.exercise import Exercise, Wrong, attempt, exercise
from tfrl.tutorials.mazes import MazeTable, draw_maze, maze_table
from tfrl.tutorials.notebook import begin, say
from tfrl.tutorials.runs import load_evaluations, train

__all__ = [
    "Exercise",
    "MazeTable",
    "Wrong",
    "attempt",
    "begin",
    "draw_maze",
    "exercise",
    "load_evaluations",
    "maze_table",
    "say",
    "train",
]
