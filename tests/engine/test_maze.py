"""Mazes: different levels, solvable, with solid walls."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from tf_agents.trajectories import StepType

from tfrl import variations
from tfrl.environments import Maze
from tfrl.environments.maze import MOVES, SIZE, TIME_LIMIT, MazeState, shortest_path

LEVELS = 500


def at_levels(levels, variation="D"):
    environment = Maze(batch_size=len(levels))
    intervals = variations.intervals("Maze-v0", variation, np.asarray(levels))
    environment.set_levels(tf.constant(levels, tf.int64), tf.constant(intervals))
    return environment


def mazes(environment):
    """Returns the state of each environment of the batch."""
    state = tf.nest.map_structure(lambda x: x.numpy(), environment.state)
    return [MazeState(*(x[b] for x in state)) for b in range(environment.batch_size)]


def passages(maze):
    """Returns the number of pairs of neighbouring open squares."""
    is_open = maze.is_open
    return np.sum(is_open[1:] & is_open[:-1]) + np.sum(is_open[:, 1:] & is_open[:, :-1])


def connected(maze):
    """Returns the number of squares that a flood fill from the agent reaches."""
    flooded = np.zeros((SIZE, SIZE), bool)
    flooded.flat[maze.agent] = True
    for _ in range(SIZE * SIZE):
        wider = np.pad(flooded, 1)
        wider = wider[2:, 1:-1] | wider[:-2, 1:-1] | wider[1:-1, 2:] | wider[1:-1, :-2]
        flooded |= wider & maze.is_open
    return flooded.sum()


@pytest.mark.parametrize("variation", ["D", "perfect"])
@pytest.mark.parametrize("first", [0, variations.FIRST_TEST_LEVEL])
def test_every_level_is_solvable_within_the_time_limit(variation, first):
    for maze in mazes(at_levels(np.arange(first, first + LEVELS), variation)):
        assert maze.agent != maze.goal
        assert maze.is_open.flat[maze.agent] and maze.is_open.flat[maze.goal]
        assert connected(maze) == maze.is_open.sum()  # any square from any other
        assert 1 <= len(shortest_path(maze)) <= TIME_LIMIT


def test_a_perfect_maze_is_a_tree_and_the_default_has_fewer_walls():
    perfect, default = (mazes(at_levels(np.arange(LEVELS), name)) for name in ("perfect", "D"))
    # A connected graph is a tree if it has one edge less than nodes.
    assert all(passages(maze) == maze.is_open.sum() - 1 for maze in perfect)
    added = np.array(
        [new.is_open.sum() - old.is_open.sum() for new, old in zip(default, perfect, strict=True)]
    )
    # A tree of 16 cells has 9 of the 24 inner walls; a fifth of these is removed.
    assert added.min() == 0 and added.mean() == pytest.approx(9 * 0.2, abs=0.15)
    assert all(
        np.all(new.is_open >= old.is_open) and (new.agent, new.goal) == (old.agent, old.goal)
        for new, old in zip(default, perfect, strict=True)
    )


def test_levels_differ_in_walls_start_and_goal():
    seen = mazes(at_levels(np.arange(5_000)))
    assert len({(m.is_open.tobytes(), int(m.agent), int(m.goal)) for m in seen}) > 4_990
    ends = [np.bincount([m[i] for m in seen], minlength=SIZE * SIZE) for i in (1, 2)]
    for counts in ends:
        cells = counts.reshape(SIZE, SIZE)[::2, ::2]
        assert cells.sum() == 5_000
        assert cells.min() > 5_000 / 16 * 0.7 and cells.max() < 5_000 / 16 * 1.3
    # Random rotations and reflections: the average density of walls is symmetric.
    walls = 1 - np.mean([m.is_open for m in seen], axis=0)
    for rotated in (walls[::-1], walls[:, ::-1], walls.T):
        np.testing.assert_allclose(walls, rotated, atol=0.04)


def walk(maze, action):
    """Returns the square that an action leads to."""
    row, column = divmod(int(maze.agent), SIZE)
    row, column = row + MOVES[action][0], column + MOVES[action][1]
    inside = 0 <= row < SIZE and 0 <= column < SIZE
    return row * SIZE + column if inside and maze.is_open[row, column] else int(maze.agent)


def test_a_step_is_a_move_unless_there_is_a_wall():
    environment, rng = at_levels(np.arange(200)), np.random.default_rng(0)
    step = tf.function(environment.step, jit_compile=True)
    ended = 0
    for _ in range(60):
        before, action = mazes(environment), rng.integers(0, 4, 200)
        was_last = environment.current_time_step().is_last().numpy()
        time_step = tf.nest.map_structure(lambda x: x.numpy(), step(tf.constant(action)))
        for b, (old, new) in enumerate(zip(before, mazes(environment), strict=True)):
            if was_last[b]:
                assert time_step.step_type[b] == StepType.FIRST and time_step.reward[b] == 0
                continue
            there = walk(old, action[b])
            reached = there == old.goal
            ended += reached
            assert new.agent == there and new.goal == old.goal
            assert time_step.reward[b] == (1.0 if reached else 0.0)
            assert time_step.discount[b] == (0.0 if reached else 1.0)
            assert (time_step.step_type[b] == StepType.LAST) == reached
    assert ended > 20


def test_no_path_is_shorter_than_the_shortest_path():
    for maze in mazes(at_levels(np.arange(40))):
        path, here = shortest_path(maze), maze
        for action in path:
            assert here.agent != here.goal
            here = here._replace(agent=walk(here, action))
        assert here.agent == here.goal
        if len(path) <= 5:
            for shorter in itertools.product(range(4), repeat=len(path) - 1):
                there = maze
                for action in shorter:
                    there = there._replace(agent=walk(there, action))
                assert there.agent != maze.goal


def test_shortest_path_is_none_without_a_path():
    is_open = np.zeros((SIZE, SIZE), bool)
    is_open[0, 0] = is_open[2, 2] = True
    assert shortest_path(MazeState(is_open, np.int32(0), np.int32(2 * SIZE + 2))) is None


def test_the_observation_shows_walls_agent_and_goal():
    environment = at_levels(np.arange(20))
    observation = environment.current_time_step().observation.numpy()
    for maze, (walls, agent, goal) in zip(
        mazes(environment), np.moveaxis(observation, -1, 1), strict=True
    ):
        np.testing.assert_array_equal(walls, ~maze.is_open)
        assert agent.sum() == goal.sum() == 1
        assert agent.flat[maze.agent] == goal.flat[maze.goal] == 1


def test_an_episode_is_truncated_with_discount_1():
    environment = at_levels([0])
    state = environment.state
    maze = mazes(environment)[0]
    blocked = next(a for a in range(4) if walk(maze, a) == maze.agent)
    environment.set_state(state, environment.constants, elapsed=TIME_LIMIT - 1)
    time_step = environment.step(tf.constant([blocked], tf.int64))
    assert time_step.is_last()[0] and time_step.discount[0] == 1.0 and time_step.reward[0] == 0.0
