"""Evaluation of a policy under named conditions: on which levels, in which splits."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from tfrl import variations
from tfrl.components.randomness import Stream
from tfrl.variations import FIRST_TEST_LEVEL, POLICIES, LevelConfig

Columns = dict[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Plan:
    """The episodes of one evaluation, `E` of them, each to be played with each policy."""

    split: np.ndarray  # [E], out of `SPLITS`
    variation: np.ndarray  # [E]
    level: np.ndarray  # int64 [E]
    episode: np.ndarray  # int64 [E], counted within split and variation
    intervals: np.ndarray  # float64 [E, P, 2, 2], what the constants are drawn from

    def table(self, step: int, returns: np.ndarray, lengths: np.ndarray) -> Columns:
        """The rows of the evaluation at environment step `step`.

        Args:
          returns, lengths: `[len(POLICIES), E]`.
        """
        repeated = {
            name: np.tile(getattr(self, name), len(POLICIES))
            for name in ("split", "variation", "level", "episode")
        }
        size = len(self.level)
        return {
            "step": np.full(len(POLICIES) * size, step),
            "split": repeated["split"],
            "variation": repeated["variation"],
            "policy": np.repeat(np.array(POLICIES, dtype=object), size),
            "level": repeated["level"],
            "episode": repeated["episode"],
            "return": returns.astype(np.float64).ravel(),
            "length": lengths.ravel(),
        }


def plan(environment_id: str, trained: LevelConfig, episodes: int, seed: int, index: int) -> Plan:
    """Which levels the evaluation number `index` of the run with `seed` is on.

    Of each split they are consecutive levels from a place that (seed, index) alone decides, so that
    all configurations meet the same ones, and fewer than `episodes` training levels take turns.
    """
    start = np.random.default_rng([seed, Stream.EVALUATION, index]).integers(FIRST_TEST_LEVEL)
    parts = list(_parts(trained, int(start) + np.arange(episodes)))
    return Plan(
        split=np.repeat(np.array([split for split, _, _ in parts], dtype=object), episodes),
        variation=np.repeat(np.array([name for _, name, _ in parts], dtype=object), episodes),
        level=np.concatenate([levels for _, _, levels in parts]),
        episode=np.tile(np.arange(episodes), len(parts)),
        intervals=np.concatenate(
            [variations.intervals(environment_id, name, levels) for _, name, levels in parts]
        ),
    )


def _parts(trained: LevelConfig, places: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Each of `SPLITS` and each variation with its levels."""
    held_out = FIRST_TEST_LEVEL + places % FIRST_TEST_LEVEL
    yield "training", trained.variation, places % trained.num_levels
    yield "held-out", trained.variation, held_out
    for variation in trained.test:
        yield "shifted", variation, held_out
