"""`tfrl` with runs that are made up: 2,000 episodes each, at no cost and with nothing learned.

python -m bench.made_up run large
"""

import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from tfrl import cli
from tfrl.harness.studies.study import Environment, Run, Study, Value
from tfrl.variations import DEFAULT_VARIATION, FIRST_TEST_LEVEL, POLICIES, SPLITS

NAME = "large"
EPISODES, LENGTH = 2_000, 100  # of a run; mean environment steps of an episode
STUDY = f"""\
title = "Large"
seeds = "0-{{last}}"
steps = {EPISODES * LENGTH}

[evaluation]
every = {EPISODES * LENGTH // 10}
episodes = 100

[environments]
cartpole = "CartPole-v1"
acrobot = "Acrobot-v1"

[configurations]
dqn = {{{{ pipeline = "dqn" }}}}
reinforce = {{{{ pipeline = "reinforce" }}}}
ppo = {{{{ pipeline = "ppo" }}}}
apo = {{{{ pipeline = "apo" }}}}
"""


@dataclass(frozen=True)
class Config:
    """Nothing can be set."""


@dataclass(frozen=True)
class Trainer:
    """Makes up returns that rise at another pace for each seed."""

    study: Study
    group: int  # another for each configuration and environment
    long_sums: tuple[str, ...] = ()

    def run(self, seed: int, *_) -> SimpleNamespace:
        """All that a run leaves behind."""
        generator = np.random.default_rng([seed, self.group])
        pace = generator.uniform(2, 6)

        def returns(share: np.ndarray) -> np.ndarray:
            noise = generator.lognormal(0, 0.2, share.shape)
            return 500 * np.clip(pace * share * noise, 0.02, 1)

        episode = np.arange(EPISODES)
        episodes = {
            "step": (episode + 1) * LENGTH,
            "episode": episode,
            "return": returns(episode / EPISODES),
            "length": np.full(EPISODES, LENGTH),
        }
        scheduled = np.arange(0, self.study.steps + 1, self.study.evaluation.every)
        parts = np.array([(split, policy) for split in SPLITS[:2] for policy in POLICIES])
        step, part, number = (
            x.ravel()
            for x in np.indices((len(scheduled), len(parts), self.study.evaluation.episodes))
        )
        split, policy = parts[part].T
        evaluations = {
            "step": scheduled[step],
            "split": split,
            "variation": np.full(len(step), DEFAULT_VARIATION),
            "policy": policy,
            "level": np.where(split == "held-out", FIRST_TEST_LEVEL, 0) + number,
            "episode": number,
            "return": returns(scheduled[step] / self.study.steps),
            "length": np.full(len(step), LENGTH),
        }
        return SimpleNamespace(
            episodes=episodes,
            evaluations=evaluations,
            losses={
                "step": np.array([self.study.steps]),
                "name": np.array(["loss"], dtype=object),
                "value": np.array([1.0]),
            },
            policies={},
            weights_sha256="",
            timings={"compile": 0.0, "train": 1.0, "evaluate": 1.0},
            updates=EPISODES,
        )


class Engine:
    """Stands in for `tfrl.harness.engine.Engine`."""

    def configure(self) -> None:
        """Needs nothing."""

    def config(self, pipeline: str) -> type:
        """The same for every pipeline."""
        return Config

    def check(self, environment: Environment) -> None:
        """Knows every environment."""

    def trainer(self, study: Study, run: Run, hyperparameters: Mapping[str, Value]) -> Trainer:
        """Needs no compilation."""
        return Trainer(study, zlib.crc32(str(run.group).encode()))

    def sources(self, pipeline: str, environment_id: str) -> list[Path]:
        """This file."""
        return [Path(__file__)]


def main() -> int:
    """`tfrl` with this engine."""
    return cli.main(engine=Engine())


if __name__ == "__main__":
    from bench import made_up  # a worker finds the engine by the name of its module

    sys.exit(made_up.main())
