"""The episodes of an evaluation: their splits, variations and levels."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tfrl import variations
from tfrl.components.randomness import Stream
from tfrl.variations import FIRST_TEST_LEVEL, POLICIES, LevelConfig

Columns = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Plan:
    """The `E` episodes of one evaluation. Each is played with each of `POLICIES`."""

    split: np.ndarray  # [E], one of `SPLITS`
    variation: np.ndarray  # [E], name of the variation
    level: np.ndarray  # int64 [E]
    episode: np.ndarray  # int64 [E], counted within split and variation
    intervals: np.ndarray  # float64 [E, P, 2, 2], the ranges of the P physical constants

    def table(self, step: int, returns: np.ndarray, lengths: np.ndarray) -> Columns:
        """Returns the table of the evaluation at environment step `step`.

        Args:
          step: environment steps taken so far.
          returns: sum of rewards of each episode, `[len(POLICIES), E]`.
          lengths: environment steps of each episode, `[len(POLICIES), E]`.
        """
        num_policies, num_episodes = len(POLICIES), len(self.level)
        return {
            "step": np.full(num_policies * num_episodes, step),
            "split": np.tile(self.split, num_policies),
            "variation": np.tile(self.variation, num_policies),
            "policy": np.repeat(np.array(POLICIES, dtype=object), num_episodes),
            "level": np.tile(self.level, num_policies),
            "episode": np.tile(self.episode, num_policies),
            "return": returns.astype(np.float64).ravel(),
            "length": lengths.ravel(),
        }


def plan(environment_id: str, trained: LevelConfig, episodes: int, seed: int, index: int) -> Plan:
    """Returns the plan of evaluation number `index` of the run with `seed`.

    The levels of a split are consecutive. The first one depends on (seed, index) only, so all
    configurations are evaluated on the same levels. If there are fewer training levels than
    `episodes`, they are used in turn.
    """
    start = np.random.default_rng([seed, Stream.EVALUATION, index]).integers(FIRST_TEST_LEVEL)
    splits = list(_splits(trained, int(start) + np.arange(episodes)))
    return Plan(
        split=np.repeat(np.array([split for split, _, _ in splits], dtype=object), episodes),
        variation=np.repeat(np.array([name for _, name, _ in splits], dtype=object), episodes),
        level=np.concatenate([levels for _, _, levels in splits]),
        episode=np.tile(np.arange(episodes), len(splits)),
        intervals=np.concatenate(
            [variations.intervals(environment_id, name, levels) for _, name, levels in splits]
        ),
    )


def _splits(trained: LevelConfig, numbers: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yields each split and variation with its levels: `numbers` modulo the available levels."""
    held_out = FIRST_TEST_LEVEL + numbers % FIRST_TEST_LEVEL
    yield "training", trained.variation, numbers % trained.num_levels
    yield "held-out", trained.variation, held_out
    for variation in trained.test:
        yield "shifted", variation, held_out
