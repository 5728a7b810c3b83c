"""Mazes, a level each: level i is always the same one."""

import collections
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl.environments.graph_environment import GraphEnvironment

CELLS = 4  # along each side; between each two neighbours lies a square that is open or a wall
SIZE = 2 * CELLS - 1  # squares along each side
TIME_LIMIT = 100  # environment steps
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left
_INNER_WALLS = 2 * CELLS * (CELLS - 1)
_WAYS = CELLS * CELLS  # random numbers that the passages are made of
_UNIFORMS = _WAYS + _INNER_WALLS + 3 + 2  # and the openings, the symmetries, start and goal


class MazeState(NamedTuple):
    """Where everything is; squares are numbered row by row."""

    is_open: tf.Tensor  # bool `[B, SIZE, SIZE]`
    agent: tf.Tensor  # int32 `[B]`, its square
    goal: tf.Tensor  # int32 `[B]`, its square


class Maze(GraphEnvironment):
    """A gridworld of walls, a start and a goal, another one for each level.

    Actions: 0 up, 1 right, 2 down, 3 left; into a wall the agent stays where it is. Observations:
    float32 `[B, SIZE, SIZE, 3]`, 1 where there is a wall, the agent, the goal. Reward 1 for
    reaching the goal, which terminates the episode, else 0; it is truncated after 100 steps.
    Constant: the share of the inner walls that is taken away at random.

    The passages are a binary tree maze, turned and mirrored at random: each cell has a way up or to
    the right, so there is exactly one path between any two. What is taken away adds further ones.

    Levels are apart by number, and so small a maze may come twice: of unseen levels of D, about a
    fifth have the walls of one of the first 10,000 levels, a fiftieth of one of the first 1,000;
    one in 1,000 is a copy of one of the first 10,000, start and goal included. The perfect mazes
    have some 2,000 patterns of walls.
    """

    def __init__(self, environment_id: str = "Maze-v0", **kwargs):
        """Args: "Maze-v0", and those of `GraphEnvironment`."""
        super().__init__(
            environment_id,
            observation_spec=tf.TensorSpec([SIZE, SIZE, 3], tf.float32, "observation"),
            action_spec=tensor_spec.BoundedTensorSpec([], tf.int64, 0, len(MOVES) - 1, "action"),
            state_spec=MazeState(
                tf.TensorSpec([SIZE, SIZE], tf.bool),
                tf.TensorSpec([], tf.int32),
                tf.TensorSpec([], tf.int32),
            ),
            num_uniforms=_UNIFORMS,
            time_limit=TIME_LIMIT,
            **kwargs,
        )

    def _initial_state(self, uniforms: tf.Tensor, constants: tf.Tensor) -> MazeState:
        ways, walls, symmetries, ends = tf.split(uniforms, [_WAYS, _INNER_WALLS, 3, 2], axis=1)
        is_open = _mirrored(_grid(*_passages(ways, walls < constants)), symmetries < 0.5)
        start = tf.cast(ends[:, 0] * CELLS**2, tf.int32)
        goal = tf.cast(ends[:, 1] * (CELLS**2 - 1), tf.int32)
        goal += tf.cast(goal >= start, tf.int32)  # any cell but the start's
        return MazeState(is_open, _square(start), _square(goal))

    def _dynamics(
        self, state: MazeState, constants: tf.Tensor, action: tf.Tensor
    ) -> tuple[MazeState, tf.Tensor, tf.Tensor]:
        move = tf.gather(tf.constant(MOVES), action)
        row = tf.clip_by_value(state.agent // SIZE + move[:, 0], 0, SIZE - 1)
        column = tf.clip_by_value(state.agent % SIZE + move[:, 1], 0, SIZE - 1)
        there = row * SIZE + column
        free = tf.gather(tf.reshape(state.is_open, [-1, SIZE * SIZE]), there, batch_dims=1)
        agent = tf.where(free, there, state.agent)
        reached = tf.equal(agent, state.goal)
        return state._replace(agent=agent), tf.cast(reached, tf.float32), reached

    def _observe(self, state: MazeState) -> tf.Tensor:
        at = [
            tf.reshape(tf.one_hot(square, SIZE * SIZE), [-1, SIZE, SIZE])
            for square in (state.agent, state.goal)
        ]
        return tf.stack([tf.cast(~state.is_open, tf.float32), *at], axis=-1)


def shortest_path(state: MazeState) -> list[int] | None:
    """The actions of a shortest way from agent to goal, by breadth-first search; None without one.

    Args:
      state: of one maze, without a batch dimension.
    """
    is_open, start, goal = np.asarray(state.is_open), int(state.agent), int(state.goal)
    ways: dict[int, list[int]] = {start: []}
    frontier = collections.deque([start])
    while frontier and goal not in ways:
        square = frontier.popleft()
        for action, (down, right) in enumerate(MOVES):
            row, column = square // SIZE + down, square % SIZE + right
            there = row * SIZE + column
            inside = 0 <= row < SIZE and 0 <= column < SIZE
            if inside and is_open[row, column] and there not in ways:
                ways[there] = [*ways[square], action]
                frontier.append(there)
    return ways.get(goal)


def _passages(ways: tf.Tensor, opened: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Is there a passage from each cell down, bool `[N, C - 1, C]`, and right, `[N, C, C - 1]`?

    Args:
      ways: `[N, C * C]`, what decides for each cell between up and right.
      opened: bool `[N, _INNER_WALLS]`, passages beyond those of the tree.
    """
    up = tf.reshape(ways < 0.5, [-1, CELLS, CELLS])
    row, column = tf.meshgrid(tf.range(CELLS), tf.range(CELLS), indexing="ij")
    up = (up & (row > 0)) | tf.equal(column, CELLS - 1)
    vertical, horizontal = tf.split(opened, 2, axis=1)
    return (
        up[:, 1:] | tf.reshape(vertical, [-1, CELLS - 1, CELLS]),
        ~up[:, :, :-1] | tf.reshape(horizontal, [-1, CELLS, CELLS - 1]),
    )


def _grid(down: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The squares that are open, bool `[N, SIZE, SIZE]`: every cell, and the passages."""
    right = tf.pad(right, [[0, 0], [0, 0], [0, 1]])
    rows = tf.stack([tf.ones_like(right), right], axis=-1)  # a cell and the square to its right
    down = tf.pad(down, [[0, 0], [0, 1], [0, 0]])
    between = tf.stack([down, tf.zeros_like(down)], axis=-1)
    squares = tf.stack([rows, between], axis=2)  # [N, C, 2, C, 2]
    return tf.reshape(squares, [-1, 2 * CELLS, 2 * CELLS])[:, :SIZE, :SIZE]


def _mirrored(grid: tf.Tensor, symmetries: tf.Tensor) -> tf.Tensor:
    """Each grid `[N, SIZE, SIZE]` transposed, upside down or left to right, as `[N, 3]` says."""
    transposed, vertically, horizontally = tf.unstack(symmetries[:, :, None, None], axis=1)
    grid = tf.where(transposed, tf.transpose(grid, [0, 2, 1]), grid)
    grid = tf.where(vertically, tf.reverse(grid, [1]), grid)
    return tf.where(horizontally, tf.reverse(grid, [2]), grid)


def _square(cell: tf.Tensor) -> tf.Tensor:
    """The square of a cell, both numbered row by row."""
    return 2 * (cell // CELLS) * SIZE + 2 * (cell % CELLS)
