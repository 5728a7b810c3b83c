"""Random mazes. Each level is one maze."""

import collections
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tf_agents.specs import tensor_spec

from tfrl.environments.graph_environment import GraphEnvironment

CELLS = 4  # along each side; between two neighbours is a square that is open or a wall
SIZE = 2 * CELLS - 1  # squares along each side
TIME_LIMIT = 100  # environment steps
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left
_INNER_WALLS = 2 * CELLS * (CELLS - 1)
_DIRECTIONS = CELLS * CELLS  # random numbers for the passages of the tree
_UNIFORMS = _DIRECTIONS + _INNER_WALLS + 3 + 2  # and for openings, symmetries, start and goal


class MazeState(NamedTuple):
    """Walls, agent and goal of each maze. Squares are numbered row by row."""

    is_open: tf.Tensor  # bool `[B, SIZE, SIZE]`
    agent: tf.Tensor  # int32 `[B]`, number of its square
    goal: tf.Tensor  # int32 `[B]`, number of its square


class Maze(GraphEnvironment):
    """A gridworld whose walls, start and goal depend on the level.

    Actions: 0 up, 1 right, 2 down, 3 left. An agent that moves into a wall stays where it is.
    Observations: float32 `[B, SIZE, SIZE, 3]`, one channel each for walls, agent and goal, which
    are 1. Reward 1 for reaching the goal, which terminates the episode, else 0. An episode is
    truncated after 100 steps. Constant: the probability that an inner wall is removed.

    The passages form a binary tree maze, rotated and mirrored at random: each cell has a passage up
    or to the right, so there is exactly one path between any two cells. Removed walls add paths.

    Different levels may be the same maze, since mazes are small. About 20% of unseen levels of D
    have the same walls as one of the first 10,000 levels, and about 2% as one of the first 1,000.
    0.1% are copies of one of the first 10,000, including start and goal. Perfect mazes have about
    2,000 different patterns of walls.
    """

    def __init__(self, environment_id: str = "Maze-v0", **kwargs):
        """Creates a batch of mazes. The other arguments are those of `GraphEnvironment`."""
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
        directions, walls, symmetries, ends = tf.split(
            uniforms, [_DIRECTIONS, _INNER_WALLS, 3, 2], axis=1
        )
        is_open = _mirrored(_grid(*_passages(directions, walls < constants)), symmetries < 0.5)
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
    """Returns the actions of a shortest path from agent to goal; None if there is no path.

    Args:
      state: state of one maze, without a batch dimension.
    """
    is_open, start, goal = np.asarray(state.is_open), int(state.agent), int(state.goal)
    paths: dict[int, list[int]] = {start: []}
    frontier = collections.deque([start])
    while frontier and goal not in paths:
        square = frontier.popleft()
        for action, (down, right) in enumerate(MOVES):
            row, column = square // SIZE + down, square % SIZE + right
            there = row * SIZE + column
            inside = 0 <= row < SIZE and 0 <= column < SIZE
            if inside and is_open[row, column] and there not in paths:
                paths[there] = [*paths[square], action]
                frontier.append(there)
    return paths.get(goal)


def _passages(directions: tf.Tensor, opened: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the passages from each cell down, bool `[N, C - 1, C]`, and right, `[N, C, C - 1]`.

    Args:
      directions: `[N, C * C]` in [0, 1): below 0.5 the cell has a passage up, else to the right.
      opened: bool `[N, _INNER_WALLS]`, the removed walls.
    """
    up = tf.reshape(directions < 0.5, [-1, CELLS, CELLS])
    row, column = tf.meshgrid(tf.range(CELLS), tf.range(CELLS), indexing="ij")
    up = (up & (row > 0)) | tf.equal(column, CELLS - 1)
    vertical, horizontal = tf.split(opened, 2, axis=1)
    return (
        up[:, 1:] | tf.reshape(vertical, [-1, CELLS - 1, CELLS]),
        ~up[:, :, :-1] | tf.reshape(horizontal, [-1, CELLS, CELLS - 1]),
    )


def _grid(down: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Returns the open squares, bool `[N, SIZE, SIZE]`: all cells, and the passages."""
    right = tf.pad(right, [[0, 0], [0, 0], [0, 1]])
    rows = tf.stack([tf.ones_like(right), right], axis=-1)  # a cell and the square to its right
    down = tf.pad(down, [[0, 0], [0, 1], [0, 0]])
    between = tf.stack([down, tf.zeros_like(down)], axis=-1)
    squares = tf.stack([rows, between], axis=2)  # [N, C, 2, C, 2]
    return tf.reshape(squares, [-1, 2 * CELLS, 2 * CELLS])[:, :SIZE, :SIZE]


def _mirrored(grid: tf.Tensor, symmetries: tf.Tensor) -> tf.Tensor:
    """Transposes and flips each grid `[N, SIZE, SIZE]` where `symmetries` bool `[N, 3]` is true."""
    transposed, vertically, horizontally = tf.unstack(symmetries[:, :, None, None], axis=1)
    grid = tf.where(transposed, tf.transpose(grid, [0, 2, 1]), grid)
    grid = tf.where(vertically, tf.reverse(grid, [1]), grid)
    return tf.where(horizontally, tf.reverse(grid, [2]), grid)


def _square(cell: tf.Tensor) -> tf.Tensor:
    """Returns the square of a cell, both numbered row by row."""
    return 2 * (cell // CELLS) * SIZE + 2 * (cell % CELLS)
