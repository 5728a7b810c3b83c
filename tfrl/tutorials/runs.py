"""Runs over seeds, as DataFrames."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from tfrl.pipelines import Pipeline

_PUBLISHED = Path(__file__).parents[2] / "reports"


@dataclass(frozen=True)
class Runs:
    """All that runs of one configuration recorded, as tables with a column `seed`."""

    episodes: pd.DataFrame  # seed, episode, step, return, length: episodes of training
    evaluations: pd.DataFrame  # seed, step, split, policy, episode, return, ...: a row an episode
    losses: pd.DataFrame  # seed, step, name, value
    weights: dict[int, str]  # by seed, the SHA-256 of the final weights

    def greedy(self) -> pd.DataFrame:
        """Returns the greedy policy's mean return at each evaluation: seed, step, return."""
        rows = self.evaluations
        rows = rows[(rows["policy"] == "greedy") & (rows["split"] == "training")]
        return rows.groupby(["seed", "step"], as_index=False)["return"].mean()


def train_runs(
    pipeline: "str | type[Pipeline]",
    environment: str = "CartPole-v1",
    *,
    seeds: Iterable[int],
    steps: int,
    every: int | None = None,
    episodes: int = 10,
    **hyperparameters: Any,
) -> Runs:
    """Trains as `train` does, and returns all tables of the runs."""
    from tfrl import pipelines
    from tfrl.training import Trainer

    kind = pipelines.resolve(pipeline) if isinstance(pipeline, str) else pipeline
    config = kind.Config(**hyperparameters)
    trainer = Trainer(kind, config, environment, steps, every or steps // 10, episodes)
    results = {seed: trainer.run(seed) for seed in seeds}

    def table(name: str) -> pd.DataFrame:
        columns = {seed: getattr(result, name) for seed, result in results.items()}
        frames = [pd.DataFrame({"seed": seed, **part}) for seed, part in columns.items()]
        return pd.concat(frames, ignore_index=True)

    return Runs(
        table("episodes"),
        table("evaluations"),
        table("losses"),
        {seed: result.weights_sha256 for seed, result in results.items()},
    )


def train(
    pipeline: "str | type[Pipeline]",
    environment: str = "CartPole-v1",
    *,
    seeds: Iterable[int],
    steps: int,
    every: int | None = None,
    episodes: int = 10,
    **hyperparameters: Any,
) -> pd.DataFrame:
    """Trains an agent once for each seed and returns how its greedy policy did along the way.

    Args:
      pipeline: a name such as "dqn", or a class of your own.
      environment: the id of an environment.
      seeds: a run each. The same seed gives the same bits.
      steps: length of training, in environment steps.
      every: environment steps between evaluations; a tenth of `steps` if not given.
      episodes: episodes of one evaluation.
      **hyperparameters: of the pipeline's config; the others have their defaults.

    Returns:
      A row for each evaluation: seed, step, return (the mean over the episodes).
    """
    return train_runs(
        pipeline,
        environment,
        seeds=seeds,
        steps=steps,
        every=every,
        episodes=episodes,
        **hyperparameters,
    ).greedy()


def load_evaluations(study: str) -> pd.DataFrame:
    """Returns the evaluations of a published study, which come with the clone.

    Args:
      study: such as "cartpole".

    Returns:
      A row for each evaluation of each run that finished: environment, configuration, seed, step,
      return (the mean over held-out levels, of the policy that is judged).

    Raises:
      FileNotFoundError: the study is not published, or this is not a clone of the project.
    """
    from tfrl.harness import published_results

    path = _PUBLISHED / study / "published.json"
    published = published_results.read(path)
    if published is None:
        raise FileNotFoundError(
            f"{path} does not exist: open the lessons in a clone of the project"
        )
    rows = [
        (*key, mark.step, mark.score)
        for key, outcome in published.outcomes.items()
        for mark in outcome.marks
    ]
    return pd.DataFrame(
        rows, columns=["environment", "configuration", "seed", "step", "return"]
    ).sort_values(["environment", "configuration", "seed", "step"], ignore_index=True)


def load_table(study: str, name: str) -> pd.DataFrame:
    """Returns a table of a published report, as in reports/STUDY/tables/NAME.csv.

    Raises:
      FileNotFoundError: the report has no such table, or this is not a clone of the project.
    """
    path = _PUBLISHED / study / "tables" / f"{name}.csv"
    if not path.exists():
        raise FileNotFoundError(
            f"{path} does not exist: open the lessons in a clone of the project"
        )
    return pd.read_csv(path)
