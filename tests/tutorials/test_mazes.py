"""The tables of a maze, and its picture."""

import matplotlib
import numpy as np
import pytest

from tfrl.tutorials import draw_maze, maze_table

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def maze():
    return maze_table(31)


def test_the_tables_give_the_values_that_follow_from_the_distances(maze):
    values = np.zeros(len(maze.distance))
    for _ in range(50):
        following = np.where(maze.terminal, 0.0, values[maze.next_state])
        values[maze.states] = (maze.reward + 0.9 * following).max(axis=1)[maze.states]
    expected = 0.9 ** (maze.distance[maze.states] - 1)
    np.testing.assert_allclose(values[maze.states], expected, rtol=1e-12)


def test_the_agent_acts_in_all_open_squares_but_the_goal(maze):
    assert maze.maze.is_open.flat[maze.states].all()
    assert len(maze.states) == maze.maze.is_open.sum() - 1
    assert maze.maze.goal not in maze.states
    assert maze.distance[maze.maze.goal] == 0
    # An action ends the episode exactly if it leads to the goal.
    reached = maze.next_state[maze.states] == maze.maze.goal
    np.testing.assert_array_equal(maze.terminal[maze.states], reached)
    np.testing.assert_array_equal(maze.reward[maze.states], reached)


def test_a_picture_has_the_start_the_goal_and_each_value(maze):
    axes = matplotlib.figure.Figure().subplots()
    draw_maze(axes, maze.maze, np.where(maze.distance > 0, 0.25, np.nan))
    written = [text.get_text() for text in axes.texts]
    assert sorted(written) == ["0.25"] * (len(maze.states) - 1) + ["G", "S"]
    bare = matplotlib.figure.Figure().subplots()
    draw_maze(bare, maze.maze, np.ones(49), np.zeros(49, int))
    assert len(bare.texts) == len(maze.states) + 1  # an arrow each, S and G
