"""An environment of your own: catch a ball that falls through a grid.

tfrl check gymnasium:examples.catch:Catch-v0
tfrl run examples/catch.toml
"""

import gymnasium
import numpy as np

ROWS, COLUMNS = 10, 5


class Catch(gymnasium.Env):
    """A ball falls from a random column, one row a step. A paddle in the last row moves below it.

    Observations are the places of ball and paddle, each from -1 to 1. Actions: 0 left, 1 stay,
    2 right. The reward is 1 for a catch and -1 for a miss, in the last step of an episode.
    The game is Catch of bsuite (Osband et al., 2020).
    """

    observation_space = gymnasium.spaces.Box(-1, 1, (3,), np.float32)
    action_space = gymnasium.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        """Starts an episode. All randomness comes from `self.np_random`, which `seed` decides."""
        super().reset(seed=seed)
        self._row, self._paddle = 0, COLUMNS // 2
        self._column = int(self.np_random.integers(COLUMNS))
        return self._observation(), {}

    def step(self, action):
        """Moves the paddle, then the ball."""
        self._paddle = min(max(self._paddle + int(action) - 1, 0), COLUMNS - 1)
        self._row += 1
        terminated = self._row == ROWS - 1
        caught = self._column == self._paddle
        reward = (1.0 if caught else -1.0) if terminated else 0.0
        return self._observation(), reward, terminated, False, {}

    def _observation(self):
        places = [
            self._row / (ROWS - 1),
            self._column / (COLUMNS - 1),
            self._paddle / (COLUMNS - 1),
        ]
        return np.array(places, np.float32) * 2 - 1


# Importing this module makes the id known. max_episode_steps is required: a run must end.
gymnasium.register("Catch-v0", entry_point=Catch, max_episode_steps=ROWS)
