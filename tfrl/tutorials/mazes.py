"""A maze as tables, and as a picture."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from tfrl.environments.maze import MazeState

_WALL = "#3b3f45"


@dataclass(frozen=True)
class MazeTable:
    """All that can happen in one maze. Squares are numbered row by row, walls included.

    The rows of walls and of the goal mean nothing: no action is taken there.
    """

    maze: "MazeState"  # walls, start and goal, as NumPy arrays
    next_state: np.ndarray  # int [S, A], the square that action A leads to from square S
    reward: np.ndarray  # float [S, A]
    terminal: np.ndarray  # bool [S, A], whether the episode ends
    distance: np.ndarray  # float [S], steps of a shortest path to the goal; NaN at walls

    @property
    def states(self) -> np.ndarray:
        """The squares in which the agent acts: all but walls and the goal."""
        return np.flatnonzero(self.distance > 0)


def maze_table(level: int) -> MazeTable:
    """Returns the tables of a level of Maze-v0, by taking every action once in every square."""
    import tensorflow as tf

    from tfrl import variations
    from tfrl.environments.maze import MOVES, Maze, MazeState, shortest_path

    one = Maze(batch_size=1)
    ranges = variations.intervals("Maze-v0", variations.DEFAULT_VARIATION, np.array([level]))
    one.set_levels(tf.constant([level], tf.int64), tf.constant(ranges))
    maze = MazeState(*(part.numpy()[0] for part in one.state))

    squares, actions = maze.is_open.size, len(MOVES)
    every = Maze(batch_size=squares * actions)
    every.set_state(
        MazeState(
            tf.tile(one.state.is_open, [squares * actions, 1, 1]),
            tf.repeat(tf.range(squares), actions),
            tf.fill([squares * actions], int(maze.goal)),
        ),
        one.constants,
    )
    step = every.step(tf.tile(tf.range(actions, dtype=tf.int64), [squares]))
    next_state, reward, discount = (
        x.numpy().reshape(squares, actions) for x in (every.state.agent, step.reward, step.discount)
    )
    distance = np.full(squares, np.nan)
    for square in np.flatnonzero(maze.is_open):
        path = shortest_path(maze._replace(agent=square))
        distance[square] = np.nan if path is None else len(path)
    return MazeTable(maze, next_state, reward.astype(float), discount == 0, distance)


def draw_maze(
    axes: "Axes",
    maze: "MazeState",
    values: np.ndarray | None = None,
    actions: np.ndarray | None = None,
    numbers: bool = True,
) -> None:
    """Draws a maze: walls dark, S for the start and G for the goal.

    Args:
      axes: where to.
      maze: as NumPy arrays.
      values: [S], between 0 and 1, shown as a tint; NaN shows nothing.
      actions: int [S], drawn as arrows; none where it is below 0.
      numbers: whether values are written into the squares too.
    """
    from tfrl.environments.maze import MOVES

    size = len(maze.is_open)
    tints = np.full(size * size, np.nan) if values is None else np.asarray(values, float)
    floor = np.where(maze.is_open, np.nan_to_num(tints.reshape(size, size)), np.nan)
    axes.set_facecolor(_WALL)
    axes.imshow(floor, vmin=0.0, vmax=1.4, cmap="Blues")  # 1 is dark, and text on it readable
    label: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8}
    for square in np.flatnonzero(maze.is_open):
        row, column = divmod(square, size)
        here = {maze.agent: "S", maze.goal: "G"}.get(square, "")
        if here:
            axes.text(column, row, here, **label | {"fontsize": 12, "fontweight": "bold"})
        elif actions is not None and actions[square] >= 0:
            down, right = MOVES[actions[square]]
            axes.annotate(
                "",
                (column + 0.35 * right, row + 0.35 * down),
                (column - 0.35 * right, row - 0.35 * down),
                arrowprops={"arrowstyle": "->"},
            )
        elif numbers and np.isfinite(tints[square]):
            axes.text(column, row, f"{tints[square]:.2f}", **label)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
